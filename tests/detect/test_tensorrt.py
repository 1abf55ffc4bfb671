import logging
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest

from edgedet.config.model import ModelSettings
from edgedet.detect import create_detector, store_in
from edgedet.detect.contest import hold_contest
from edgedet.detect.engine import BatchProfile, BuildSettings, EngineRequest, build_engine
from edgedet.detect.onnxruntime import OrtDetector
from edgedet.detect.tensorrt import TensorRtDetector
from edgedet.errors import ModelError
from edgedet.manifest import Bundle, read_golden
from tests.detect.cuda import fake_bindings
from tests.detect.cuda.fake_bindings import BINDINGS
from tests.detect.engine.conv_bundle import make_conv_bundle, pictures, run_graph
from tests.detect.engine.devices import make_machine
from tests.detect.engine.fake_tensorrt import VERSIONS

REQUEST = EngineRequest(BuildSettings(BatchProfile(1, 2, 4)), "fp32")


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return make_conv_bundle(tmp_path_factory.mktemp("conv"), is_int8=False)


@pytest.mark.parametrize("binding", BINDINGS)
@pytest.mark.parametrize("version", VERSIONS)
def test_runs_the_engine_that_was_built(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, bundle: Bundle, version: str, binding: str
) -> None:
    machine = make_machine(monkeypatch, version, binding)
    build_engine(bundle, REQUEST, [tmp_path])
    settings = ModelSettings(bundle=bundle.folder, backend="tensorrt")
    detector = create_detector(bundle, settings, 4, store_in(tmp_path))
    assert detector.backend == "tensorrt"
    images = pictures(6)
    expected = run_graph(onnx.load(bundle.model_path), images)
    for _ in range(3):
        assert np.allclose(detector.infer(images), expected, atol=1e-4)
    detector.close()
    detector.close()
    machine.assert_clean()
    with pytest.raises(ModelError, match="is closed"):
        detector.infer(images)


def test_says_what_runs(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    bundle: Bundle,
    caplog: pytest.LogCaptureFixture,
) -> None:
    make_machine(monkeypatch)
    build_engine(bundle, REQUEST, [tmp_path])
    with caplog.at_level(logging.INFO):
        TensorRtDetector(bundle, folders=[tmp_path]).close()
    assert "fp32, batches of 1-2-4, Fake GPU (sm_87), TensorRT 10.3.0" in caplog.text


def test_without_an_engine_says_how_to_build_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, bundle: Bundle
) -> None:
    machine = make_machine(monkeypatch)
    with pytest.raises(ModelError, match=f"edgedet build-engine {bundle.folder}"):
        TensorRtDetector(bundle, folders=[tmp_path])
    machine.assert_clean()


def test_an_engine_of_another_tensorrt_is_never_deserialized(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, bundle: Bundle
) -> None:
    make_machine(monkeypatch, "8.6.1")
    build_engine(bundle, REQUEST, [tmp_path])
    machine = make_machine(monkeypatch, "10.3.0")
    with pytest.raises(ModelError, match=r"built by TensorRT 8\.6\.1, here is 10\.3\.0.*build-eng"):
        TensorRtDetector(bundle, folders=[tmp_path])
    assert machine.story.deserialized == 0
    machine.assert_clean()


def test_an_engine_of_another_gpu_is_never_deserialized(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, bundle: Bundle
) -> None:
    make_machine(monkeypatch)
    build_engine(bundle, REQUEST, [tmp_path])
    machine = make_machine(monkeypatch)
    machine.gpu.name, machine.gpu.capability = "Other GPU", (7, 5)
    with pytest.raises(ModelError, match=r"built for Fake GPU .*8\.7.*, here is Other GPU .*7\.5"):
        TensorRtDetector(bundle, folders=[tmp_path])
    assert machine.story.deserialized == 0


def test_no_binding_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, bundle: Bundle
) -> None:
    make_machine(monkeypatch)
    fake_bindings.hide(monkeypatch)
    with pytest.raises(ModelError, match="neither cuda-bindings nor pycuda"):
        TensorRtDetector(bundle, folders=[tmp_path])


def test_auto_goes_on_without_a_gpu(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    bundle: Bundle,
    caplog: pytest.LogCaptureFixture,
) -> None:
    machine = make_machine(monkeypatch)
    machine.gpu.fail["cuInit"] = "NO_DEVICE"
    monkeypatch.setitem(sys.modules, "openvino", None)
    settings = ModelSettings(bundle=bundle.folder, backend="auto", threads=1)
    detector = create_detector(bundle, settings, 1, store_in(tmp_path))
    assert detector.backend == "onnxruntime"
    assert "tensorrt is left out: no NVIDIA GPU" in caplog.text
    detector.close()


def test_auto_believes_what_was_compared_when_the_engine_was_built(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    machine = make_machine(monkeypatch)
    machine.story.slow["int8"] = 2.0
    monkeypatch.setitem(sys.modules, "openvino", None)
    bundle = make_conv_bundle(tmp_path / "conv", is_int8=True)
    request = EngineRequest(BuildSettings(BatchProfile(1, 2, 2)))
    assert build_engine(bundle, request, [tmp_path]).stored.sidecar.precision == "fp16"
    detector = TensorRtDetector(bundle, folders=[tmp_path])
    golden = read_golden(bundle)
    assert golden is not None
    found = detector.infer(golden.images_nhwc)
    detector.close()
    # FP16 does not round as the INT8 graph does, which alone is in the golden case
    apart = np.abs(found - golden.candidates).max()
    assert apart > 1.0
    assert detector.proof.is_file()
    contest = hold_contest(
        bundle,
        {
            "onnxruntime": lambda: OrtDetector(bundle, threads=1),
            "tensorrt": lambda: TensorRtDetector(bundle, folders=[tmp_path]),
        },
        1,
    )
    contest.winner.close()
    assert {timing.backend for timing in contest.timings} == {"onnxruntime", "tensorrt"}
