"""Evaluation end to end: pictures with one bright square, a bundle that finds bright squares."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from edgedet.errors import DataError
from tests.detect.tiny_bundle import CELL_PX, TINY_HW, bright_square, make_tiny_bundle
from train.evaluate import (
    BundlePredictor,
    EvaluationSettings,
    PictureResult,
    Predictor,
    evaluate,
)


@dataclass(frozen=True)
class Square:
    """A picture with one square, and a label where `labelled` says."""

    cell: tuple[int, int]
    labelled: tuple[int, int] | None
    level: int = 255

    @property
    def path(self) -> Path:
        return Path(f"{self.cell}.png")

    @property
    def labels(self) -> NDArray[np.float32]:
        if self.labelled is None:
            return np.zeros((0, 5), np.float32)
        row, column = self.labelled
        height, width = TINY_HW
        centre = [(column + 0.5) * CELL_PX / width, (row + 0.5) * CELL_PX / height]
        return np.array([[0, *centre, CELL_PX / width, CELL_PX / height]], np.float32)

    def load(self) -> NDArray[np.uint8]:
        return bright_square(*self.cell, level=self.level)


@pytest.fixture
def predictor(tmp_path: Path) -> Predictor:
    return BundlePredictor(make_tiny_bundle(tmp_path), "onnxruntime", threads=1)


def test_finding_everything_is_one(predictor: Predictor) -> None:
    samples = [Square((row, column), (row, column)) for row in range(4) for column in range(5)]
    report = evaluate(predictor, samples, ["bright"])
    assert report.ap50 == pytest.approx(1)
    assert report.ap == pytest.approx(1)
    assert (report.images, report.labels, report.detections) == (20, 20, 20)
    assert report.recall == pytest.approx(1)
    assert report.per_class[0].name == "bright"


def test_missing_half_and_a_false_alarm_above_all_else(predictor: Predictor) -> None:
    right = Square((0, 0), (0, 0), level=200)
    wrong = Square((1, 1), (3, 3), level=255)
    report = evaluate(predictor, [right, wrong], ["bright"])
    # precision 0 and then 1/2, recall at most 1/2: 51 of 101 points at 0.5
    assert report.ap50 == pytest.approx(0.5 * 51 / 101)


def test_pictures_without_labels_lower_the_score(predictor: Predictor) -> None:
    samples = [Square((0, 0), (0, 0), level=200), Square((1, 1), None, level=255)]
    assert evaluate(predictor, samples, ["bright"]).ap50 == pytest.approx(0.5)


def test_conditions_are_reported(predictor: Predictor) -> None:
    settings = EvaluationSettings(iou_threshold=0.6, method="trapezoid", batch_size=3)
    samples = [Square((0, column), (0, column)) for column in range(4)]
    report = evaluate(predictor, samples, ["bright"], settings)
    assert (report.iou_threshold, report.score_threshold) == (0.6, 0.001)
    assert (report.method, report.backend, report.input_hw) == (
        "trapezoid",
        "onnxruntime",
        TINY_HW,
    )
    assert report.speed.infer_ms > 0
    assert report.to_json()["ap50"] == report.ap50


def test_every_picture_is_shown_in_order(predictor: Predictor) -> None:
    samples = [Square((1, column), (1, column)) for column in range(5)]
    seen: list[PictureResult] = []
    settings = EvaluationSettings(batch_size=2)
    evaluate(predictor, samples, ["bright"], settings, on_picture=seen.append)
    assert [result.sample for result in seen] == samples
    np.testing.assert_allclose(seen[3].found.boxes_xyxy, seen[3].truth_xyxy, atol=1e-3)


def test_a_class_without_labels_is_not_listed(predictor: Predictor) -> None:
    report = evaluate(predictor, [Square((0, 0), (0, 0))], ["bright", "dark"])
    assert [scores.name for scores in report.per_class] == ["bright"]


def test_nothing_to_evaluate_is_told(predictor: Predictor) -> None:
    with pytest.raises(DataError, match="no pictures"):
        evaluate(predictor, [], ["bright"])


def test_no_labels_at_all_is_zero(predictor: Predictor) -> None:
    report = evaluate(predictor, [Square((0, 0), None)], ["bright"])
    assert (report.ap50, report.labels, report.per_class) == (0.0, 0, ())
