"""Whether a calibration set can be what the model will see: told from the pictures alone.

Faults of single pictures are left out and told; where many have one, the set is refused, because
then something made it so. What only the model can tell is in `train.quantize.model_check`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median

import numpy as np

from train.quantize.looks import FAULTS, Look
from train.quantize.pictures import WANTED_COUNT

MIN_PICTURES = 8
_MANY = 0.1  # share of the set
_DARKER = 3.0  # times
_SMALLER = 2.0  # times
_COLOURED = 6.0  # levels between mean red and blue, below which a swap of them does not show


@dataclass(slots=True)
class Verdict:
    """What is wrong: `problems` forbid to go on, `remarks` do not. `kept` may be calibrated on."""

    kept: list[Look] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


def check_pictures(
    chosen: Sequence[Look],
    held_out: Sequence[Look],
    held_out_digests: set[bytes],
    input_hw: tuple[int, int],
) -> Verdict:
    """Look for everything that can be told from the pictures.

    Args:
        chosen: The calibration pictures.
        held_out: Some of the pictures that the model will be scored on, to compare with.
        held_out_digests: Of all of them.
        input_hw: Height and width of the network input.
    """
    verdict = Verdict()
    seen: set[bytes] = set()
    faults: dict[str, list[Look]] = {}
    for look in chosen:
        fault = look.fault
        if not fault and look.digest in held_out_digests:
            fault = "held-out"
        if not fault and look.digest in seen:
            fault = "twice"
        seen.add(look.digest)
        if fault:
            faults.setdefault(fault, []).append(look)
        else:
            verdict.kept.append(look)
    for kind, looks in faults.items():
        _tell_fault(verdict, kind, looks, len(chosen))
    _check_count(verdict)
    usable = [look for look in held_out if not look.fault]
    if verdict.kept and usable:
        for check in (_check_brightness, _check_colour):
            check(verdict, usable)
        _check_sizes(verdict, usable, input_hw)
    return verdict


def _tell_fault(verdict: Verdict, kind: str, looks: list[Look], total: int) -> None:
    told = f"{len(looks)} of {total} calibration pictures {FAULTS[kind]} ({looks[0].sample.path})"
    if len(looks) > _MANY * total:
        verdict.problems.append(f"{told}; give the pictures that the model was trained on")
    else:
        verdict.remarks.append(f"{told}; left out")


def _check_count(verdict: Verdict) -> None:
    count = len(verdict.kept)
    if count < MIN_PICTURES:
        verdict.problems.append(
            f"{count} usable calibration pictures, expected {MIN_PICTURES} at the very least and "
            f"{WANTED_COUNT} or more for scales to rely on; put more into the train split"
        )
    elif count < WANTED_COUNT:
        verdict.remarks.append(
            f"{count} calibration pictures; {WANTED_COUNT} or more give scales to rely on"
        )


def _check_brightness(verdict: Verdict, held_out: Sequence[Look]) -> None:
    here, there = (_middle(looks, _brightness) for looks in (verdict.kept, held_out))
    if max(here, there) > _DARKER * max(min(here, there), 1.0):
        word = "darker" if here < there else "brighter"
        verdict.problems.append(
            f"calibration pictures are much {word} than held-out ones: mean level {here:.0f} "
            f"against {there:.0f} of 255; was their range changed when they were saved?"
        )


def _check_colour(verdict: Verdict, held_out: Sequence[Look]) -> None:
    """A hint only: other scenes have other colours. The model's own word counts."""
    here, there = (
        np.array([look.mean_rgb for look in looks]).mean(axis=0)
        for looks in (verdict.kept, held_out)
    )
    if min(abs(here[0] - here[2]), abs(there[0] - there[2])) < _COLOURED:
        return
    apart, swapped = np.abs(here - there).max(), np.abs(here[::-1] - there).max()
    if swapped < apart / 2:
        verdict.remarks.append(
            f"mean colour of calibration pictures {_rgb(here)} is nearer to that of held-out ones "
            f"{_rgb(there)} with red and blue swapped; were they saved in another channel order?"
        )


def _check_sizes(verdict: Verdict, held_out: Sequence[Look], input_hw: tuple[int, int]) -> None:
    here, there = (_middle(looks, _long_side) for looks in (verdict.kept, held_out))
    side = max(input_hw)
    if here * _SMALLER <= side and here * _SMALLER <= there:
        verdict.problems.append(
            f"calibration pictures are {here:.0f} px on their long side, held-out ones "
            f"{there:.0f} px, and the network takes {side} px; give pictures of the full size"
        )
    elif here * _SMALLER <= side:
        verdict.remarks.append(
            f"calibration pictures are {here:.0f} px on their long side and are enlarged to "
            f"{side} px; a smaller --image-size would see as much"
        )


def _middle(looks: Sequence[Look], value: Callable[[Look], float]) -> float:
    return float(median(map(value, looks)))


def _brightness(look: Look) -> float:
    return sum(look.mean_rgb) / 3


def _long_side(look: Look) -> float:
    return float(max(look.wh))


def _rgb(colour: "np.ndarray[tuple[int, ...], np.dtype[np.float64]]") -> str:
    return "/".join(f"{level:.0f}" for level in colour)
