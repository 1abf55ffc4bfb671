from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from edgedet.errors import UsageError
from tests.detect.tiny_bundle import make_tiny_bundle
from tests.train.export.lively import lively_model
from train.evaluate import (
    BundlePredictor,
    EvaluationSettings,
    TorchPredictor,
    evaluate,
)
from train.evaluate.inference import Stopwatch, run_pictures


@dataclass(frozen=True)
class Noise:
    """A picture of noise with one label in its middle."""

    height: int
    width: int

    @property
    def path(self) -> Path:
        return Path(f"{self.height}x{self.width}.png")

    @property
    def labels(self) -> NDArray[np.float32]:
        return np.array([[0, 0.5, 0.5, 0.5, 0.5]], np.float32)

    def load(self) -> NDArray[np.uint8]:
        rng = np.random.default_rng(self.height)
        return rng.integers(0, 255, (self.height, self.width, 3), dtype=np.uint8)


SAMPLES = [Noise(60, 90), Noise(90, 45), Noise(64, 64)]


def test_rectangles_see_every_picture_in_shapes_of_their_own() -> None:
    predictor = TorchPredictor(lively_model(2), (64, 64))
    settings = EvaluationSettings(shape="rect", batch_size=1)
    clock = Stopwatch()
    results = list(run_pictures(predictor, SAMPLES, settings, clock))

    assert [one.sample for one in results] == [SAMPLES[0], SAMPLES[2], SAMPLES[1]]
    assert sum(len(one.found) for one in results) > 0
    assert clock.infer_s > 0
    first = results[0]
    np.testing.assert_allclose(first.truth_xyxy, [[22.5, 15, 67.5, 45]])
    boxes = first.found.boxes_xyxy
    assert (boxes >= 0).all()
    assert (boxes[:, [0, 2]] <= 90).all()


def test_the_report_says_that_it_were_rectangles() -> None:
    report = evaluate(
        TorchPredictor(lively_model(2), (64, 64)),
        SAMPLES,
        ["a", "b"],
        EvaluationSettings(shape="rect"),
    )

    assert (report.shape, report.input_hw, report.images) == ("rect", (64, 64), 3)


def test_a_bundle_has_one_shape(tmp_path: Path) -> None:
    predictor = BundlePredictor(make_tiny_bundle(tmp_path), "onnxruntime", threads=1)
    settings = EvaluationSettings(shape="rect")
    with pytest.raises(UsageError, match="takes pictures of one shape"):
        list(run_pictures(predictor, SAMPLES, settings, Stopwatch()))


def test_times_are_for_each_picture() -> None:
    speed = Stopwatch(0.2, 0.6, 0.2).speed(10)

    assert (speed.prepare_ms, speed.infer_ms, speed.finish_ms) == (20, 60, 20)
    assert speed.images_per_s == pytest.approx(10)
