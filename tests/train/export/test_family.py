"""Bundles of the larger members: exporting one compares it with the network on every backend."""

from pathlib import Path

import pytest

from edgedet.errors import ModelError
from edgedet.manifest import Bundle, read_bundle
from tests.train.export.lively import settled_model
from tests.train.model.slim import slim_architecture
from train.evaluate.backends import bundle_backends
from train.export.bundle import export_bundle
from train.export.parity import TOLERANCE, check_parity, pattern_images
from train.model import CheckpointContent, load_model, save_checkpoint
from train.model.architectures import ARCHITECTURES, Architecture
from train.model.deployment import reparameterise

QUICK = ("yolov7",)  # the others are slow
LARGER = [
    pytest.param(each.name, marks=() if each.name in QUICK else pytest.mark.slow)
    for each in ARCHITECTURES[1:]
]


def _checkpoint(path: Path, network: str | Architecture) -> Path:
    save_checkpoint(path, settled_model(network, 2), CheckpointContent(["one", "two"]))
    return path


def _export(folder: Path, network: str | Architecture) -> Bundle:
    weights = _checkpoint(folder / "weights.pt", network)
    out = folder / "bundle"
    return export_bundle(weights, out, name="member", version="1", image_size=(64, 128))


@pytest.mark.parametrize("name", LARGER)
def test_a_slim_member_computes_the_same_on_every_backend(tmp_path: Path, name: str) -> None:
    bundle = _export(tmp_path, slim_architecture(name))
    model, info = load_model(bundle.weights_path)

    assert (model.architecture.name, info.num_classes) == (name, 2)
    results = check_parity(bundle, model, pattern_images((64, 128), 2, seed=5))
    assert [result.backend for result in results] == list(bundle_backends())
    assert all(result.score <= TOLERANCE.score for result in results)


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", QUICK)
def test_a_whole_member_computes_the_same_on_every_backend(tmp_path: Path, name: str) -> None:
    bundle = _export(tmp_path, name)

    assert read_bundle(bundle.folder).manifest.training is not None


@pytest.mark.slow
def test_a_reparameterized_file_exports_too(tmp_path: Path) -> None:
    weights = _checkpoint(tmp_path / "weights.pt", slim_architecture("yolov7-w6"))
    reparameterise(weights, tmp_path / "deployed.pt")
    out = tmp_path / "bundle"
    bundle = export_bundle(
        tmp_path / "deployed.pt", out, name="deployed", version="1", image_size=(64, 64)
    )

    assert bundle.manifest.class_names == ["one", "two"]


def test_four_levels_want_multiples_of_64(tmp_path: Path) -> None:
    weights = _checkpoint(tmp_path / "weights.pt", slim_architecture("yolov7-w6"))
    said = "yolov7-w6 cannot take pictures of 96 x 128: sides must be multiples of 64"
    with pytest.raises(ModelError, match=said):
        export_bundle(weights, tmp_path / "bundle", name="odd", version="1", image_size=(96, 128))
