from pathlib import Path

import pytest

from edgedet.errors import ModelError
from edgedet.manifest import Bundle
from tests.detect.engine.conv_bundle import make_conv_bundle
from tests.detect.engine.devices import make_machine
from train.commands.own_engine import build_own_engine
from train.evaluate.backends import BundlePredictor


@pytest.fixture
def bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bundle:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return make_conv_bundle(tmp_path / "conv", is_int8=False)


def test_the_engine_is_for_this_gpu_and_is_found_by_evaluation(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    machine = make_machine(monkeypatch)
    build_own_engine(bundle, bundle.folder)
    told = capsys.readouterr().err
    assert "for this GPU (Fake GPU, TensorRT 10.3.0) and no other" in told
    assert f"edgedet build-engine {bundle.folder}" in told
    predictor = BundlePredictor(bundle, "tensorrt")
    assert (predictor.backend, predictor.device) == ("tensorrt", "cuda:0")
    predictor.close()
    machine.assert_clean()


def test_without_a_gpu_says_that_the_bundle_is_there(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_machine(monkeypatch).gpu.fail["cuInit"] = "NO_DEVICE"
    with pytest.raises(ModelError, match="is written, its engine is not: no NVIDIA GPU"):
        build_own_engine(bundle, bundle.folder)
