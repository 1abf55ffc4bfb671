"""What may serve, and what may stay: the band, and what chance does within it."""

import random

import pytest

from edgedet.config.rollout import BandSettings
from edgedet.rollout.base import RunFigures, ShadowFigures, SourceFigures
from edgedet.rollout.judge import MIN_PICTURES, baseline_of, judge_shadow, judge_watch
from edgedet.rollout.record import Baseline, SourceRate
from tests.rollout.world import ran

BAND = BandSettings()


def _beside(new: RunFigures, agreed: int = 600, compared: int = 600) -> ShadowFigures:
    return ShadowFigures(ran(), new, agreed, compared)


def test_figures_are_told_whatever_the_verdict() -> None:
    verdict = judge_shadow(_beside(ran(picture_s=0.012), 540), BAND)

    assert verdict.reason == ""
    assert verdict.figures == pytest.approx(
        {"shadow_frames": 300, "picture_ms": 12, "picture_ms_before": 10, "agreement": 0.9}
    )


def test_nothing_to_see_is_no_reason() -> None:
    quiet = ran(0)

    assert judge_shadow(ShadowFigures(quiet, quiet, 0, 0), BAND).reason == ""


def test_each_source_counts() -> None:
    old = ran(sources={"gate": SourceFigures(300, 300), "dock": SourceFigures(300, 300)})
    new = ran(sources={"gate": SourceFigures(300, 300), "dock": SourceFigures(300, 3)})

    reason = judge_shadow(ShadowFigures(old, new, 600, 700), BAND).reason

    assert "0.01 objects a frame of 'dock', expected are 1.00; at least 0.5 times" in reason


@pytest.mark.parametrize(
    ("pictures", "picture_s", "counts"),
    [
        (MIN_PICTURES - 1, 0.04, False),
        (MIN_PICTURES, 0.04, True),
        (2, 0.9, False),
        (3, 0.4, True),
        (1, 4.0, False),
        (1, 10.0, True),
    ],
)
def test_times_count_from_enough_pictures_or_seconds_on(
    pictures: int, picture_s: float, *, counts: bool
) -> None:
    slow = ran(picture_s=picture_s, pictures=pictures, infer_s=pictures * picture_s)

    assert bool(judge_watch(slow, Baseline(picture_ms=10.0), BAND).reason) is counts


def test_zero_asks_nothing() -> None:
    band = BandSettings(min_agreement=0, max_latency=0, min_rate=0, max_rate=0)

    assert judge_shadow(_beside(ran(90_000, 9.0), 0), band).reason == ""


def test_a_few_frames_of_an_empty_scene_say_nothing_of_a_rate() -> None:
    """The old model saw one object in a second; the new one, in another second, none."""
    before = Baseline(picture_ms=0, sources={"gate": SourceRate(frames=30, objects=30)})

    assert judge_watch(ran(sources={"gate": SourceFigures(30, 0)}), before, BAND).reason == ""
    assert judge_watch(ran(sources={"gate": SourceFigures(3000, 0)}), before, BAND).reason == ""
    long = Baseline(picture_ms=0, sources={"gate": SourceRate(frames=3000, objects=3000)})
    assert judge_watch(ran(sources={"gate": SourceFigures(3000, 0)}), long, BAND).reason != ""


def test_equal_models_are_not_told_apart_by_chance() -> None:
    chance = random.Random(1)  # noqa: S311 - always the same
    for _ in range(300):
        seen = [sum(chance.random() < 0.02 for _ in range(300)) for _ in range(2)]
        old, new = (ran(objects) for objects in seen)
        assert judge_shadow(ShadowFigures(old, new, 0, 0), BAND).reason == ""


def test_the_baseline_is_the_old_time_and_what_the_new_one_saw_in_the_shadow_run() -> None:
    alone = ran(sources={"gate": SourceFigures(9000, 9000), "dock": SourceFigures(100, 50)})

    made = baseline_of(alone, _beside(ran(450, 0.03)))

    assert made.picture_ms == pytest.approx(10.0)
    assert made.sources["gate"] == SourceRate(frames=300, objects=450)
    assert made.sources["dock"] == SourceRate(frames=100, objects=50)
    assert baseline_of(alone, None).sources["gate"] == SourceRate(frames=9000, objects=9000)


def test_a_failure_counts_without_a_baseline_too() -> None:
    assert judge_watch(ran(picture_s=9.0), None, BAND).reason == ""
    assert judge_watch(ran(failure="it hung"), None, BAND).reason == "it failed in use: it hung"
