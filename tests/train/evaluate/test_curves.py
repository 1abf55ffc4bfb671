import numpy as np
import pytest

from tests.train.evaluate.pictures import random_scenes
from train.evaluate import average_precision, match_detections
from train.evaluate.curves import RECALL_STEPS, SCORE_STEPS, score_curves


def test_precision_and_recall_by_hand() -> None:
    curves = score_curves([True, False, True], [0.9, 0.6, 0.3], [0, 0, 0], [0, 0, 0, 0])
    at = np.searchsorted(SCORE_STEPS, [0.31, 0.95, 0.1])

    assert curves.recall[0, at] == pytest.approx([0.25 + 0.25 * (0.29 / 0.3), 0, 0.5], abs=2e-3)
    assert curves.precision[0, at[1:]] == pytest.approx([1, 2 / 3])


def test_the_mean_of_the_envelope_is_average_precision() -> None:
    scenes = random_scenes(5, 20, 3)
    hits = [match_detections(s.found, s.truth_xyxy, s.truth_classes) for s in scenes]
    tp, scores = np.concatenate(hits), np.concatenate([s.found.scores for s in scenes])
    ids = np.concatenate([s.found.class_ids for s in scenes])
    truth = np.concatenate([s.truth_classes for s in scenes])
    curves, ap = (
        score_curves(tp[:, 0], scores, ids, truth),
        average_precision(tp, scores, ids, truth),
    )

    np.testing.assert_allclose(curves.envelope.mean(axis=1), ap.per_class[:, 0], atol=1e-12)
    np.testing.assert_array_equal(curves.f1[:, curves.best], ap.f1)
    assert (np.diff(curves.envelope, axis=1) <= 0).all()
    assert curves.envelope.shape == (3, len(RECALL_STEPS))


def test_the_best_score_divides_right_from_wrong() -> None:
    curves = score_curves([True, True, False], [0.9, 0.7, 0.2], [0, 0, 0], [0, 0])

    assert 0.2 < SCORE_STEPS[curves.best] <= 0.7


def test_without_labels_there_is_no_curve() -> None:
    curves = score_curves([False], [0.5], [0], [])

    assert curves.precision.shape == (0, 1000)
    assert curves.best == 0
