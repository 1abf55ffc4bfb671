import numpy as np

from train.evaluate import ConfusionMatrix

A, B = [0.0, 0.0, 100.0, 100.0], [200.0, 0.0, 300.0, 100.0]


def test_counts_hits_mistakes_misses_and_false_alarms() -> None:
    matrix = ConfusionMatrix(2)
    found = [[*A, 0.9, 0], [*B, 0.8, 1], [500, 500, 600, 600, 0.7, 1]]
    labels = [[0, *A], [0, *B], [1, 700, 0, 800, 100]]
    matrix.process(np.array(found, np.float32), np.array(labels, np.float32))
    assert matrix.matrix.tolist() == [[1, 0, 0], [1, 0, 1], [0, 1, 0]]


def test_a_picture_without_labels_counts_its_false_alarms() -> None:
    matrix = ConfusionMatrix(1)
    matrix.process(np.array([[*A, 0.9, 0]], np.float32), np.zeros((0, 5), np.float32))
    assert matrix.matrix.tolist() == [[0, 1], [0, 0]]


def test_a_picture_without_detections_counts_its_misses() -> None:
    matrix = ConfusionMatrix(1)
    matrix.process(np.zeros((0, 6), np.float32), np.array([[0, *A]], np.float32))
    assert matrix.matrix.tolist() == [[0, 0], [1, 0]]


def test_low_scores_do_not_count() -> None:
    matrix = ConfusionMatrix(1, score_threshold=0.5)
    matrix.process(np.array([[*A, 0.5, 0]], np.float32), np.array([[0, *A]], np.float32))
    assert matrix.matrix.tolist() == [[0, 0], [1, 0]]


def test_a_truth_is_matched_once_by_the_best_overlap() -> None:
    matrix = ConfusionMatrix(2)
    found = [[0, 0, 100, 80, 0.9, 1], [*A, 0.8, 0]]
    matrix.process(np.array(found, np.float32), np.array([[0, *A]], np.float32))
    assert matrix.matrix.tolist() == [[1, 0, 0], [0, 0, 1], [0, 0, 0]]


def test_shares_of_a_column_sum_to_one_or_are_zero() -> None:
    matrix = ConfusionMatrix(2)
    matrix.process(np.array([[*A, 0.9, 0]], np.float32), np.array([[0, *A]], np.float32))
    matrix.process(np.zeros((0, 6), np.float32), np.array([[0, *A]], np.float32))
    assert matrix.normalized()[:, 0].tolist() == [0.5, 0.0, 0.5]
    assert matrix.normalized()[:, 1].sum() == 0
