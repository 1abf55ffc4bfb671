"""Whether a new model may take over: it has to be better, and worse nowhere that counts."""

from collections.abc import Iterator
from dataclasses import dataclass

from train.refresh.figures import POINTS, Line, SetComparison

_ROUNDING = 1e-9
_NOTICED = 0.03  # of precision or recall at the device's threshold


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much may be lost, in points of AP@50:95 (a point is a hundredth).

    `tolerance`: on the whole frozen set, if the newest frames gain; `by_class`, `by_camera`: by any
    of them. Lines of fewer than `least_objects` objects are told, and decide nothing.
    """

    tolerance: float = 0.5
    by_class: float = 3.0
    by_camera: float = 3.0
    least_objects: int = 20


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the model is accepted; why, or everything that speaks against it; what to know."""

    accepted: bool
    reasons: tuple[str, ...]
    remarks: tuple[str, ...]


def judge(
    frozen: SetComparison, newest: SetComparison | None, bounds: Bounds, refused_by_gate: str = ""
) -> Verdict:
    """The verdict on a new model.

    Args:
        frozen: Both models on the frozen test set.
        newest: Both on the newest frames, if there are any.
        bounds: How much may be lost.
        refused_by_gate: What the gate of quantization said, if it refused.
    """
    against = [*_on_the_whole(frozen, newest, bounds)]
    sets = [frozen] if newest is None else [frozen, newest]
    remarks: list[str] = []
    for one in sets:
        for kind, lines, bound in (
            ("class", one.classes, bounds.by_class),
            ("camera", one.cameras, bounds.by_camera),
        ):
            told, small = _too_much_lost(one, kind, lines, bound, bounds.least_objects)
            against += told
            remarks += small
    if refused_by_gate:
        against.append(refused_by_gate)
    remarks += _doubts(sets)
    if against:
        return Verdict(accepted=False, reasons=tuple(against), remarks=tuple(remarks))
    return Verdict(accepted=True, reasons=_why_better(sets), remarks=tuple(remarks))


def describe(line: Line) -> str:
    """AP@50:95 before and after, and how sure the difference is.

    >>> describe(Line("all", 100, 583, 0.412, 0.455, (0.02, 0.061)))
    '0.412 to 0.455, +4.3 points (95 % of redrawn sets: +2.0 to +6.1)'
    """
    gain = line.gain_points
    if line.old is None or gain is None:
        return f"{line.new:.3f}; the old model does not know it"
    sure = "one picture: no interval"
    if line.interval is not None:
        low, high = (POINTS * each for each in line.interval)
        sure = f"95 % of redrawn sets: {low:+.1f} to {high:+.1f}"
    return f"{line.old:.3f} to {line.new:.3f}, {gain:+.1f} points ({sure})"


def _on_the_whole(
    frozen: SetComparison, newest: SetComparison | None, bounds: Bounds
) -> Iterator[str]:
    gain = frozen.whole.gain_points
    if gain is None:
        yield f"{frozen.title}: no object of a class that both models know; nothing is compared"
        return
    told = f"{frozen.title}: AP@50:95 {describe(frozen.whole)}"
    if gain < -bounds.tolerance - _ROUNDING:
        yield f"{told}: worse, by more than the tolerance of {bounds.tolerance:g}"
        return
    later = None if newest is None else newest.whole.gain_points
    if gain <= _ROUNDING and (later is None or later <= _ROUNDING):
        where = " there, nor on the newest frames" if later is not None else ""
        yield f"{told}: not better{where}"


def _too_much_lost(
    one: SetComparison, kind: str, lines: tuple[Line, ...], bound: float, least: int
) -> tuple[list[str], list[str]]:
    """Lines that lose more than `bound` points: those that count, and those of few objects."""
    counting, small = [], []
    for line in lines:
        gain = line.gain_points
        if gain is None or gain >= -bound - _ROUNDING:
            continue
        told = f"{one.title}: {kind} {line.name} {describe(line)}, more than the bound of {bound:g}"
        if line.objects >= least:
            counting.append(told)
        else:
            small.append(f"{told}, but on {line.objects} objects only: it decides nothing")
    return counting, small


def _why_better(sets: list[SetComparison]) -> tuple[str, ...]:
    return tuple(f"{one.title}: AP@50:95 {describe(one.whole)}" for one in sets)


def _doubts(sets: list[SetComparison]) -> Iterator[str]:
    for one in sets:
        if one.whole.old is not None and one.whole.may_be_chance:
            yield (
                f"{one.title}: with other pictures the difference might be none: "
                f"{one.whole.pictures} pictures with {one.whole.objects} objects cannot tell"
            )
        old, new = one.old_at, one.new_at
        if min(new.precision - old.precision, new.recall - old.recall) < -_NOTICED:
            yield (
                f"{one.title}: at the device's score threshold {new.threshold:g} precision goes "
                f"from {old.precision:.2f} to {new.precision:.2f} and recall from "
                f"{old.recall:.2f} to {new.recall:.2f}; another threshold may suit the new model"
            )
