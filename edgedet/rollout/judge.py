"""Is a new model as good as the one before, as far as a device can tell? Pure.

It cannot know what is right. It can know that a model answers, in time, and sees about as much.
What chance explains is no reason. While both models see the same frames, each frame counts; later
the frames of a second count as one look, for what stands in one frame stands in the next.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from edgedet.config.rollout import BandSettings
from edgedet.rollout.base import RunFigures, ShadowFigures
from edgedet.rollout.record import Baseline, SourceRate

MIN_PICTURES = 20
"""Of fewer pictures nothing is concluded from times, unless they took long: slow models see few."""
MIN_SLOW_PICTURES = 3
_LONG_S = 1.0
_TOO_LONG_S = 5.0  # whatever else the machine does: one picture says enough

_NOTHING = SourceRate(frames=0, objects=0)
_FRAMES_A_LOOK = 15
_SAME_FRAMES = 1
_DEVIATIONS = 3.0  # of what chance does to a count, on either side


@dataclass(frozen=True, slots=True)
class Verdict:
    """`reason` is empty if there is none against the model; `figures` by name, as they are told."""

    reason: str = ""
    figures: Mapping[str, float] = field(default_factory=dict)


def judge_shadow(figures: ShadowFigures, band: BandSettings) -> Verdict:
    """Two models before the same frames: may the new one serve?"""
    old, new = figures.old, figures.new
    then, now = _rates(old), _rates(new)
    frames = sum(each.frames for each in now.values())
    told = {"shadow_frames": float(frames), **_times(new, _ms(old))}
    if figures.compared:
        told["agreement"] = figures.agreed / figures.compared
    if new.errors:
        return Verdict(f"it failed beside the model in use: {new.failure or 'no answer'}", told)
    if not frames:
        reason = "no frame came while it ran beside the model in use; is any source live?"
        return Verdict(reason, told)
    reasons = [_on_time(new, _ms(old), band)]
    for name, before in then.items():
        rates = _Rates(name, before, now.get(name, _NOTHING), _SAME_FRAMES)
        reasons.append(rates.problem(band.min_rate, band.max_rate))
    reasons.append(_on_agreement(figures, frames, band))
    return Verdict(next(filter(None, reasons), ""), told)


def baseline_of(alone: RunFigures, shadow: ShadowFigures | None) -> Baseline:
    """What a new model is held against later: what the old one did `alone`.

    Of a source of the shadow run, as many objects are expected as the new model saw there.
    """
    sources = _rates(alone) if shadow is None else {**_rates(alone), **_rates(shadow.new)}
    # time as the old model needed it alone: two side by side take longer
    return Baseline(picture_ms=_ms(alone), sources=sources)


def judge_watch(figures: RunFigures, baseline: Baseline | None, band: BandSettings) -> Verdict:
    """A model that serves: may it stay? Without a baseline, failures alone count."""
    now = _rates(figures)
    told = {"watch_frames": float(sum(each.frames for each in now.values()))}
    told |= {f"watch_{name}": value for name, value in _times(figures, 0.0).items()}
    if figures.errors or figures.failure:
        return Verdict(f"it failed in use: {figures.failure or 'no answer'}", told)
    if baseline is None:
        return Verdict("", told)
    reasons = [_on_time(figures, baseline.picture_ms, band)]
    for name, rate in now.items():
        rates = _Rates(name, baseline.sources.get(name, _NOTHING), rate, _FRAMES_A_LOOK)
        reasons.append(rates.problem(band.min_watch_rate, band.max_watch_rate))
    return Verdict(next(filter(None, reasons), ""), told)


def _rates(figures: RunFigures) -> dict[str, SourceRate]:
    return {
        name: SourceRate(frames=each.frames, objects=each.objects)
        for name, each in figures.sources.items()
    }


def _ms(figures: RunFigures) -> float:
    """The median time for a picture; 0 where too few were looked at to say."""
    is_long = figures.pictures >= MIN_SLOW_PICTURES and figures.infer_s >= _LONG_S
    is_long |= figures.infer_s >= _TOO_LONG_S
    return 1000.0 * figures.p50_s if is_long or figures.pictures >= MIN_PICTURES else 0.0


def _times(figures: RunFigures, before_ms: float) -> dict[str, float]:
    told = {"picture_ms": _ms(figures), "picture_ms_before": before_ms}
    return {name: value for name, value in told.items() if value}


def _on_time(figures: RunFigures, before_ms: float, band: BandSettings) -> str:
    now_ms, most = _ms(figures), band.max_latency
    if not most or not before_ms or now_ms <= before_ms * most:
        return ""
    return (
        f"it takes {now_ms:.1f} ms for a picture, {now_ms / before_ms:.2f} times as long as the"
        f" model before; at most {most:g} times is allowed (rollout.band.max_latency)"
    )


def _on_agreement(figures: ShadowFigures, frames: int, band: BandSettings) -> str:
    if not figures.compared:
        return ""
    share = figures.agreed / figures.compared
    # the objects of a frame are as one: what makes a model miss one of them hits the others too
    count = max(1, min(figures.compared, frames))
    by_chance = _DEVIATIONS * math.sqrt(share * (1.0 - share) / count)
    if share + by_chance >= band.min_agreement:
        return ""
    return (
        f"it agrees with the model in use on {share:.1%} of the objects in {frames} frames;"
        f" at least {band.min_agreement:.1%} is asked for (rollout.band.min_agreement)"
    )


@dataclass(frozen=True, slots=True)
class _Rates:
    """Objects a frame, before and now; so many frames count as one look."""

    source_id: str
    before: SourceRate
    now: SourceRate
    frames_a_look: int

    def problem(self, least: float, most: float) -> str:
        """Why the rate is out of the band; empty if it is not, or chance may have made it so."""
        if not self.before.frames or not self.now.frames:
            return ""
        then, rate = self._rate(self.before), self._rate(self.now)
        then_off, off = self._by_chance(self.before), self._by_chance(self.now)
        told = f"it sees {rate:.2f} objects a frame of '{self.source_id}', expected are {then:.2f}"
        if least and rate + off < least * (then - then_off):
            return f"{told}; at least {least:g} times as many are asked for (rollout.band)"
        if most and rate - off > most * (then + then_off):
            return f"{told}; at most {most:g} times as many may be (rollout.band)"
        return ""

    @staticmethod
    def _rate(seen: SourceRate) -> float:
        return seen.objects / seen.frames

    def _by_chance(self, seen: SourceRate) -> float:
        """How far the rate may be off, if objects come independently (Poisson).

        At least as if one had been seen in all looks: of none in few looks, nothing follows.
        """
        looks = max(1.0, seen.frames / self.frames_a_look)
        return _DEVIATIONS * math.sqrt(max(self._rate(seen), 1.0 / looks) / looks)
