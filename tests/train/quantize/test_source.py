from pathlib import Path

import pytest

from edgedet.errors import ModelError
from edgedet.manifest import Bundle, Thresholds
from train.export import bundle
from train.model import CheckpointContent, load_model, save_checkpoint
from train.quantize.scale_table import METADATA_KEY, ScaleTable
from train.quantize.source import Wishes, open_source


@pytest.fixture(autouse=True)
def no_parity(monkeypatch: pytest.MonkeyPatch) -> None:
    """Comparing every backend with the network is tested with `train export`, and takes long."""
    monkeypatch.setattr(bundle, "check_parity", lambda *_: ())


def test_a_float_bundle_is_taken_as_it_is(floats: Bundle) -> None:
    with open_source(floats.folder, Wishes("other")) as source:
        assert source.bundle == floats
        assert source.weights == floats.weights_path
        assert source.trained_table is None


def test_a_checkpoint_is_exported_for_now_with_the_scales_that_it_carries(
    floats: Bundle, tmp_path: Path
) -> None:
    model, info = load_model(floats.weights_path)
    table = ScaleTable("qat", {"network.model.1.conv": 0.5})
    metadata = {"image_size": 32, "data_id": "d", METADATA_KEY: table.to_json()}
    path = tmp_path / "trained.pt"
    save_checkpoint(path, model, CheckpointContent(info.names, metadata=metadata))
    with open_source(path, Wishes("trained", iou_threshold=0.7, note="n")) as source:
        manifest, place = source.bundle.manifest, source.bundle.folder
        assert (manifest.name, manifest.version, source.bundle.input_hw) == (
            "trained",
            "1",
            (32, 32),
        )
        assert manifest.thresholds == Thresholds(iou=0.7)
        assert manifest.training is not None
        assert (manifest.training.data_id, manifest.training.note) == ("d", "n")
        assert source.trained_table == table
        assert source.weights is not None
        assert source.weights.is_file()
    assert not place.exists()


def test_another_size_is_exported_from_the_checkpoint_beside(floats: Bundle) -> None:
    with open_source(floats.folder, Wishes("one", image_size=32)) as source:
        assert source.bundle.input_hw == (32, 32)
        assert source.bundle.manifest.class_names == floats.manifest.class_names
        assert source.bundle.manifest.version == "3"


def test_a_damaged_bundle_is_refused(floats: Bundle, tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_bytes((floats.folder / "manifest.json").read_bytes())
    (tmp_path / "weights.pt").write_bytes(floats.weights_path.read_bytes())
    (tmp_path / "model.onnx").write_bytes(b"another")
    wishes = Wishes("one")
    with (
        pytest.raises(ModelError, match="is not the file that the manifest names"),
        open_source(tmp_path, wishes),
    ):
        pytest.fail("not reached")


def test_an_int8_bundle_without_a_checkpoint_is_refused(floats: Bundle, tmp_path: Path) -> None:
    manifest = floats.manifest.model_copy(
        update={"precision": "int8", "files": [floats.entry("model.onnx")]}
    )
    (tmp_path / "manifest.json").write_text(
        manifest.model_dump_json(by_alias=True, exclude_none=True), encoding="utf-8"
    )
    with (
        pytest.raises(ModelError, match=r"is int8 and has no weights\.pt; give the checkpoint"),
        open_source(tmp_path, Wishes("one")),
    ):
        pytest.fail("not reached")


def test_a_graph_stands_for_the_bundle_that_it_lies_in(floats: Bundle, tmp_path: Path) -> None:
    with open_source(floats.model_path, Wishes("other")) as source:
        assert source.bundle == floats
    wishes = Wishes("one")
    with (
        pytest.raises(ModelError, match="is a graph alone"),
        open_source(tmp_path / "a.onnx", wishes),
    ):
        pytest.fail("not reached")
