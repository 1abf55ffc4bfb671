"""Real engines on a real GPU; skipped without one, or without TensorRT."""

import importlib.util
from pathlib import Path

import numpy as np
import onnx
import pytest

from edgedet.detect.cuda import open_cuda
from edgedet.detect.engine import (
    BatchProfile,
    BuildSettings,
    EngineRequest,
    PrecisionChoice,
    build_engine,
    passes,
)
from edgedet.detect.tensorrt import TensorRtDetector
from edgedet.errors import ModelError
from edgedet.manifest import read_bundle
from tests.detect.engine.conv_bundle import make_conv_bundle, pictures, run_graph
from tests.rules.tree import ROOT

pytestmark = [pytest.mark.gpu, pytest.mark.timeout(900)]


@pytest.fixture(autouse=True)
def _has_tensorrt() -> None:
    if importlib.util.find_spec("tensorrt") is None:
        pytest.skip("tensorrt is not installed")
    try:
        open_cuda().close()
    except ModelError as exc:
        pytest.skip(str(exc))


def request(precision: PrecisionChoice) -> EngineRequest:
    return EngineRequest(BuildSettings(BatchProfile(1, 2, 4)), precision)


@pytest.mark.parametrize(
    ("is_int8", "precision"), [(False, "fp32"), (False, "fp16"), (True, "int8")]
)
def test_an_engine_answers_as_the_graph_does(
    tmp_path: Path, precision: PrecisionChoice, *, is_int8: bool
) -> None:
    bundle = make_conv_bundle(tmp_path / "conv", is_int8=is_int8)
    build_engine(bundle, request(precision), [tmp_path])
    detector = TensorRtDetector(bundle, max_batch=4, folders=[tmp_path])
    images = pictures(11)
    expected = run_graph(onnx.load(bundle.model_path), images)
    try:
        for _ in range(4):  # queued, captured, launched
            found = detector.infer(images)
            assert np.abs(found[..., 4] - expected[..., 4]).max() < 0.02
    finally:
        detector.close()


def test_the_model_that_we_ship(tmp_path: Path) -> None:
    bundle = read_bundle(ROOT / "models" / "person")
    sidecar = build_engine(bundle, request("auto"), [tmp_path]).stored.sidecar
    kept = [each for each in sidecar.measured if each.precision == sidecar.precision]
    assert passes(kept[0])
