"""What is usual for a camera, and what is not."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from edgedet.sample.drift import WARM_UP_FRAMES, CameraStatistics, deviations, observe, settled
from edgedet.sample.view import Proposals
from tests.sample.fakes import proposals


def scene(rng: np.random.Generator, count: float, score: float) -> Proposals:
    number = rng.poisson(count)
    scores = np.clip(rng.normal(score, 0.1, number), 0.3, 1.0)
    return proposals(*((30 * i, 0, 30 * i + 20, 40, s, 0) for i, s in enumerate(scores)))


def watched(frames: int, count: float = 3.0, score: float = 0.8) -> CameraStatistics:
    rng = np.random.default_rng(1)
    known = CameraStatistics()
    for _ in range(frames):
        known = observe(known, scene(rng, count, score), 0.25)
    return known


def test_a_steady_scene_does_not_drift() -> None:
    rng, known, worst = np.random.default_rng(2), watched(WARM_UP_FRAMES), 0.0
    for _ in range(1500):
        known = observe(known, scene(rng, 3.0, 0.8), 0.25)
        worst = max(worst, *deviations(known).values())

    assert worst < 4.0


def test_a_crowd_and_a_loss_of_certainty_are_told_once() -> None:
    for count, score, feature in ((9.0, 0.8, "count"), (3.0, 0.4, "score")):
        rng, known = np.random.default_rng(3), watched(1000)
        for _ in range(300):
            known = observe(known, scene(rng, count, score), 0.25)
        assert deviations(known)[feature] > 4.0
        assert max(deviations(settled(known)).values()) == 0.0


def test_nothing_is_told_before_anything_is_known() -> None:
    assert set(deviations(watched(WARM_UP_FRAMES - 1)).values()) == {0.0}


@given(st.lists(st.floats(0, 1, width=32), max_size=30))
@settings(max_examples=40, deadline=None)
def test_figures_stay_within_what_was_seen(scores: list[float]) -> None:
    known = CameraStatistics()
    for score in scores:
        known = observe(known, proposals((0, 0, 10, 10, score, 0)), 0.0)

    above = [score for score in scores if score > 0]
    assert known.frames == len(scores)
    assert all(value >= 0 for value in known.variance)
    if above:
        assert known.usual[1] <= max(above) + 1e-6
        assert known.now[1] <= max(above) + 1e-6
