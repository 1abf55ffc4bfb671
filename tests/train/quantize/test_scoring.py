from pathlib import Path

import pytest

from edgedet.manifest import Bundle
from tests.detect.tiny_bundle import bright_square, make_tiny_bundle
from tests.train.evaluate.test_evaluator import Square
from tests.train.quantize.reports import comparison, report
from train.quantize.scoring import HeldOut, images_per_s, scoring_backends


@pytest.fixture
def squares(tmp_path: Path) -> Bundle:
    return make_tiny_bundle(tmp_path)


@pytest.mark.parametrize("backend", scoring_backends("auto"))
def test_scores_as_the_device_does_and_as_pycocotools_counts(squares: Bundle, backend: str) -> None:
    samples = [Square((0, 0), (0, 0), level=200), Square((1, 1), (3, 3), level=255)]
    steps: list[int] = []
    found = HeldOut(samples, ("bright",), 0.6, batch_size=2).score(
        squares, backend, lambda: steps.append(1)
    )
    assert found.ap50 == found.per_class[0].ap50 == pytest.approx(0.5 * 51 / 101)
    assert (found.backend, found.iou_threshold, found.images) == (backend, 0.6, 2)
    assert len(steps) == 2
    assert images_per_s(found) > 0
    assert bright_square(0, 0).shape == (*squares.input_hw, 3)


def test_auto_is_every_backend_that_runs_the_graph_itself() -> None:
    names = scoring_backends("auto")
    assert "onnxruntime" in names
    assert "tensorrt" not in names
    assert scoring_backends("onnxruntime") == ("onnxruntime",)
    assert scoring_backends("tensorrt") == ()


def test_points_and_speed_are_those_of_the_reports() -> None:
    one = comparison(0.5, 0.493, "onnxruntime")
    assert one.drop_points == pytest.approx(0.7)
    assert one.backend == "onnxruntime"
    assert images_per_s(report(0.5, infer_ms=25.0)) == pytest.approx(40.0)
