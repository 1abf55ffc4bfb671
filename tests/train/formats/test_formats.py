"""Every format: written from a checkpoint, read back by its own runtime, and what is refused."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

from edgedet.errors import ModelError
from edgedet.manifest import Thresholds
from tests.train.export.lively import lively_checkpoint
from train.evaluate import TorchPredictor, open_predictor
from train.evaluate.backends import device_thresholds
from train.export.parity import pattern_images, rounded
from train.formats import FORMATS, exported_file
from train.formats.export import export_format
from train.formats.facts import ExportFacts
from train.model import load_model

HW = (64, 96)
MODULES = {"openvino": "openvino", "tflite": "litert_torch", "coreml": "coremltools"}


def is_installed(name: str) -> bool:
    module = MODULES.get(name)
    return module is None or importlib.util.find_spec(module) is not None


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lively_checkpoint(tmp_path_factory.mktemp("formats") / "two.pt", num_classes=2)


@pytest.fixture(scope="module", params=sorted(FORMATS))
def exported(request: pytest.FixtureRequest, checkpoint: Path) -> tuple[Path, ExportFacts]:
    """The folder of the format, whose converter compared it with the checkpoint already."""
    name = str(request.param)
    if not is_installed(name):
        pytest.skip(f"the converter of {name} is not installed")
    out = checkpoint.parent / name
    return out, export_format(checkpoint, out, name, name="two", image_hw=HW)


def test_is_compared_with_the_checkpoint_before_it_appears(
    exported: tuple[Path, ExportFacts],
) -> None:
    out, facts = exported
    assert (out / facts.file).exists()
    assert (facts.height, facts.width, facts.class_names) == (*HW, ["class-0", "class-1"])
    if facts.format == "coreml" and sys.platform != "darwin":
        assert facts.check.not_run == "Core ML runs on macOS only"
    else:
        assert facts.check.box_px is not None
        assert 0 <= facts.check.box_px < 0.15
        assert facts.check.pictures == "4 made patterns"


def test_is_opened_by_its_folder_and_by_its_file(
    exported: tuple[Path, ExportFacts], checkpoint: Path
) -> None:
    out, facts = exported
    if facts.check.not_run:
        with pytest.raises(ModelError, match="Core ML runs on macOS only"):
            open_predictor(out)
        return
    images = pattern_images(HW, 3, seed=7)
    expected = TorchPredictor(rounded(load_model(checkpoint)[0]), HW).infer(images)
    for path in (out, out / facts.file):
        predictor, names = open_predictor(path)
        assert names == ("class-0", "class-1")
        assert predictor.input_hw == HW
        assert predictor.threads >= 1
        assert predictor.device == "cpu"
        found = predictor.infer(images)
        assert found.dtype == np.float32
        assert found.shape == expected.shape
        assert np.abs(found[..., 4] - expected[..., 4]).max() < 3e-4  # as of bundles
    assert device_thresholds(out) == Thresholds()
    with pytest.raises(ModelError, match=r"takes pictures of \(64, 96\), not \(32, 32\)"):
        open_predictor(out, (32, 32))


def test_a_missing_converter_is_told_with_its_remedy(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, module in MODULES.items():
        monkeypatch.setitem(sys.modules, module, None)
        with pytest.raises(ModelError, match=rf"format {name} needs .*edgedet\[{name}\]"):
            export_format(checkpoint, tmp_path / name, name, name="two", image_hw=HW)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("file", "told"),
    [
        ("model.torchscript", "is no TorchScript file"),
        ("model.xml", "is no OpenVINO IR"),
        ("model.mlpackage", "Core ML runs on macOS only"),
    ],
)
def test_a_file_of_another_kind_is_told(tmp_path: Path, file: str, told: str) -> None:
    if file.endswith(".xml") and not is_installed("openvino"):
        pytest.skip("openvino is not installed")
    if file.endswith(".mlpackage") and sys.platform == "darwin":
        pytest.skip("this is a Mac")
    (tmp_path / file).write_bytes(b"hello")
    with pytest.raises(ModelError, match=told):
        open_predictor(tmp_path / file)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="there is no exported model"):
        open_predictor(tmp_path / "model.tflite")


def test_other_files_are_none_of_these(tmp_path: Path) -> None:
    assert exported_file(tmp_path) is None
    assert exported_file(tmp_path / "best.pt") is None
    assert exported_file(tmp_path / "model.onnx") is None
