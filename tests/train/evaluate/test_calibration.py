import numpy as np
import pytest

from train.evaluate.calibration import LOWEST_SCORE, calibrate, lowest_threshold, operating_points

TP, SCORES = [True, True, False, True, False], [0.9, 0.8, 0.8, 0.4, 0.1]


def test_scores_that_keep_their_word_have_no_error() -> None:
    rng = np.random.default_rng(0)
    scores = rng.uniform(LOWEST_SCORE, 1, 200_000)
    found = calibrate(rng.random(len(scores)) < scores, scores)

    assert found.error < 0.01
    assert sum(one.detections for one in found.bins) == len(scores)


def test_the_error_by_hand() -> None:
    # bin 0.8-0.9: two of score 0.85, one right; bin 0.2-0.3: one of 0.25, wrong
    found = calibrate([True, False, False], [0.85, 0.85, 0.25])

    assert found.error == pytest.approx((2 * abs(0.85 - 0.5) + 0.25) / 3)
    assert (found.bins[8].right, found.bins[8].detections) == (0.5, 2)


def test_a_score_of_one_is_in_the_last_bin_and_low_ones_in_none() -> None:
    found = calibrate([True, False], [1.0, 0.01])

    assert found.bins[-1].detections == 1
    assert sum(one.detections for one in found.bins) == 1
    assert found.error == 0


def test_nothing_found_is_no_error() -> None:
    assert calibrate([], []).error == 0


def test_a_threshold_keeps_scores_that_reach_it() -> None:
    high, middle, none = operating_points(TP, SCORES, 4, 2, thresholds=(0.9, 0.8, 0.95))

    assert (high.precision, high.recall, high.false_alarms_per_picture) == (1, 0.25, 0)
    assert (middle.precision, middle.recall) == pytest.approx((2 / 3, 0.5))
    assert middle.false_alarms_per_picture == 0.5
    assert middle.f1 == pytest.approx(2 * (2 / 3) * 0.5 / (2 / 3 + 0.5))
    assert (none.precision, none.recall, none.f1) == (1, 0, 0)


def test_the_lowest_threshold_of_a_precision() -> None:
    point = lowest_threshold(TP, SCORES, 4, 2, 0.75)
    assert point is not None
    assert (point.threshold, point.precision, point.recall) == (0.4, 0.75, 0.75)

    # 0.8 is the score of a right one and a wrong one: they come together
    strict = lowest_threshold(TP, SCORES, 4, 2, 0.9)
    assert strict is not None
    assert (strict.threshold, strict.precision) == (0.9, 1)


def test_a_precision_that_is_never_reached() -> None:
    assert lowest_threshold([False, True], [0.9, 0.8], 1, 1, 0.6) is None
    assert lowest_threshold([], [], 1, 1, 0.1) is None
