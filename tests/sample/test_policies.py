"""Reasons to keep a frame: what each must hold for any frame, and an example of each."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgedet.sample.policies import (
    close_to_threshold,
    disagreement,
    entropy_bits,
    flicker,
    high_entropy,
    of_number,
    small_margin,
)
from edgedet.sample.view import Proposals
from tests.sample.fakes import proposals

SHARE = st.floats(0, 1, width=32)


@st.composite
def frames(draw: st.DrawFn) -> Proposals:
    """Objects that lie apart from each other, best score first."""
    scores = sorted(draw(st.lists(SHARE, max_size=12)), reverse=True)
    rows = [
        (20 * i, 0, 20 * i + 10, 10, score, draw(st.integers(0, 2)), draw(SHARE) * score)
        for i, score in enumerate(scores)
    ]
    return proposals(*rows)


@given(frames(), SHARE, SHARE, st.integers(1, 4))
@settings(max_examples=80, deadline=None)
def test_close_to_threshold_finds_all_that_are_near_and_no_other(
    seen: Proposals, threshold: float, epsilon: float, minimum: int
) -> None:
    found = close_to_threshold(seen, threshold=threshold, epsilon=epsilon, minimum_objects=minimum)

    near = [s for s in seen.scores.tolist() if abs(s - threshold) < epsilon]
    assert sorted(found.scores.tolist()) == (sorted(near) if len(near) >= minimum else [])
    distances = [abs(s - threshold) for s in found.scores.tolist()]
    assert distances == sorted(distances)


@given(frames(), st.integers(0, 12) | st.none(), st.integers(0, 12) | st.none())
@settings(max_examples=50, deadline=None)
def test_numbers_are_between_their_borders(
    seen: Proposals, more_than: int | None, less_than: int | None
) -> None:
    low = -1 if more_than is None else more_than
    high = 1000 if less_than is None else less_than

    assert of_number(seen, more_than=more_than, less_than=less_than) == (low < len(seen) < high)


@given(frames(), SHARE, SHARE)
@settings(max_examples=50, deadline=None)
def test_margin_is_between_two_classes(seen: Proposals, margin: float, minimum: float) -> None:
    found = small_margin(seen, margin=margin, minimum_score=minimum)

    apart = found.scores.astype(np.float64) - found.runners_up
    assert (apart < margin).all()
    assert (found.scores >= minimum).all()
    assert (found.runners_up > 0).all()
    assert apart.tolist() == sorted(apart.tolist())


def test_a_model_of_one_class_has_no_margin() -> None:
    assert len(small_margin(proposals((0, 0, 9, 9, 0.2, 0)), margin=1, minimum_score=0)) == 0


@given(SHARE)
def test_entropy_is_highest_at_a_half(score: float) -> None:
    bits = float(entropy_bits(np.array([score], np.float32))[0])

    mirrored = float(entropy_bits(np.array([1 - score], np.float32))[0])
    assert 0 <= bits <= 1
    assert bits == pytest.approx(mirrored, abs=1e-5)
    expected = -math.fsum(p * math.log2(p) for p in (score, 1 - score) if p > 0)
    assert bits == pytest.approx(expected, abs=1e-6)


@given(frames(), st.floats(0, 6), SHARE)
@settings(max_examples=50, deadline=None)
def test_entropy_sums_what_is_not_noise(seen: Proposals, minimum: float, floor: float) -> None:
    found = high_entropy(seen, minimum_entropy=minimum, minimum_score=floor)

    counted = seen.where(seen.scores >= floor)
    total = float(entropy_bits(counted.scores).sum())
    assert len(found) == (len(counted) if len(counted) and total >= minimum else 0)


@given(frames(), SHARE, SHARE)
@settings(max_examples=50, deadline=None)
def test_a_model_agrees_with_itself_and_disagreement_is_mutual(
    seen: Proposals, threshold: float, minimum: float
) -> None:
    nobody = proposals()

    same = disagreement(seen, seen, threshold=max(threshold, minimum), minimum_score=minimum)
    one = disagreement(seen, nobody, threshold=threshold, minimum_score=minimum)
    other = disagreement(nobody, seen, threshold=threshold, minimum_score=minimum)

    assert len(same) == 0
    assert one.scores.tolist() == other.scores.tolist() == seen.above(threshold).scores.tolist()


def test_a_score_just_below_in_the_other_model_is_no_disagreement() -> None:
    sure, unsure = proposals((0, 0, 9, 9, 0.51, 0)), proposals((0, 0, 9, 9, 0.49, 0))
    other_class = proposals((0, 0, 9, 9, 0.9, 1))

    assert len(disagreement(sure, unsure, threshold=0.5, minimum_score=0.1)) == 0
    assert len(disagreement(sure, other_class, threshold=0.5, minimum_score=0.1)) == 2


@given(frames(), st.floats(0.01, 0.99))
@settings(max_examples=50, deadline=None)
def test_what_vanishes_for_one_frame_flickers_and_what_stays_does_not(
    seen: Proposals, threshold: float
) -> None:
    nobody = proposals()

    assert (
        flicker(seen, nobody, seen, threshold=threshold).scores.tolist()
        == seen.above(threshold).scores.tolist()
    )
    assert len(flicker(seen, seen, seen, threshold=threshold)) == 0
    assert len(flicker(nobody, nobody, seen, threshold=threshold)) == 0
    assert len(flicker(seen, nobody, nobody, threshold=threshold)) == 0


def test_a_flickering_object_may_move_a_little_and_fall_below_the_threshold() -> None:
    before, after = proposals((0, 0, 20, 40, 0.6, 0)), proposals((6, 0, 26, 40, 0.7, 0))
    weak, away = proposals((3, 0, 23, 40, 0.2, 0)), proposals((80, 0, 99, 40, 0.7, 0))

    assert len(flicker(before, weak, after, threshold=0.25)) == 1
    assert len(flicker(before, weak, away, threshold=0.25)) == 0
