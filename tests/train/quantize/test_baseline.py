"""What INT8 is compared with: itself in float, or what it was before it learned to be INT8."""

import logging
from pathlib import Path

import pytest
import torch

from edgedet.errors import ModelError
from edgedet.manifest import Bundle
from tests.train.model.slim import slim_model
from tests.train.quantize.tables import measured_table
from train.export import bundle
from train.model import CheckpointContent, fuse, load_model, save_checkpoint
from train.quantize.baseline import ORIGIN_DIGEST_KEY, file_digest, open_baseline
from train.quantize.scale_table import METADATA_KEY
from train.quantize.source import Wishes, open_source


@pytest.fixture(autouse=True)
def no_parity(monkeypatch: pytest.MonkeyPatch) -> None:
    """Comparing every backend with the network is tested with `train export`, and takes long."""
    monkeypatch.setattr(bundle, "check_parity", lambda *_: ())


@pytest.fixture
def origin(tmp_path: Path) -> Path:
    """A float checkpoint."""
    path = tmp_path / "float.pt"
    save_checkpoint(path, slim_model("yolov7-tiny"), CheckpointContent(["a"]))
    return path


@pytest.fixture
def trained(origin: Path) -> Path:
    """What `fit --qat` could have made of it: other weights, scales, and where it began."""
    network = fuse(load_model(origin)[0])
    table = measured_table(network)
    with torch.no_grad():
        for conv in network.head.m:
            conv.weight.mul_(2)  # type: ignore[operator]
    metadata = {
        "image_size": 64,
        "started_from": str(origin),
        ORIGIN_DIGEST_KEY: file_digest(origin),
        METADATA_KEY: table.to_json(),
    }
    path = origin.with_name("trained.pt")
    save_checkpoint(path, network, CheckpointContent(["a"], metadata=metadata))
    return path


def test_as_a_rule_it_is_the_float_form_of_the_same_weights(floats: Bundle) -> None:
    with (
        open_source(floats.folder, Wishes("other")) as source,
        open_baseline(source, None) as baseline,
    ):
        assert baseline == source.bundle


def test_weights_that_were_trained_as_int8_are_compared_with_what_they_were(
    trained: Path, origin: Path
) -> None:
    with open_source(trained, Wishes("int8")) as source, open_baseline(source, None) as baseline:
        assert baseline != source.bundle
        assert baseline.input_hw == source.bundle.input_hw == (64, 64)
        heads = [
            fuse(load_model(path)[0]).head.m[0].weight
            for path in (baseline.weights_path, origin, source.bundle.weights_path)
        ]
        assert torch.allclose(heads[0], heads[1], atol=1e-3)  # type: ignore[arg-type]
        assert not torch.allclose(heads[0], heads[2], atol=1e-3)  # type: ignore[arg-type]


@pytest.mark.parametrize("how", ["gone", "another"])
def test_if_that_is_not_there_any_more_it_is_said(
    trained: Path, origin: Path, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    if how == "gone":
        origin.unlink()
    else:
        save_checkpoint(origin, slim_model("yolov7-tiny"), CheckpointContent(["b"]))
    with (
        caplog.at_level(logging.WARNING),
        open_source(trained, Wishes("int8")) as source,
        open_baseline(source, None) as baseline,
    ):
        assert baseline == source.bundle
    assert "give it with --against" in caplog.text


def test_refuses_a_model_of_other_classes_or_pictures(floats: Bundle, trained: Path) -> None:
    with (
        open_source(trained, Wishes("int8")) as source,
        pytest.raises(ModelError, match=r"cannot compare with .*: it takes pictures of \(64, 96\)"),
        open_baseline(source, floats.folder),
    ):
        pass
