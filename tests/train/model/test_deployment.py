"""Folding a checkpoint for good, for every member; networks are a sixteenth as wide."""

from pathlib import Path

import pytest
import torch

from edgedet.errors import ModelError
from tests.train.model.slim import slim_model
from train.model import CheckpointContent, load_model, read_checkpoint, save_checkpoint
from train.model.architectures import ARCHITECTURES
from train.model.deployment import TOLERANCE, compare, reparameterise

TWO = CheckpointContent(["one", "two"], metadata={"image_size": 64})


@pytest.mark.parametrize("name", [architecture.name for architecture in ARCHITECTURES])
def test_every_member_becomes_a_smaller_file_that_answers_the_same(
    tmp_path: Path, name: str
) -> None:
    source = slim_model(name, 2)
    save_checkpoint(tmp_path / "training.pt", source, TWO)

    result = reparameterise(tmp_path / "training.pt", tmp_path / "deployed.pt")
    model, info = load_model(tmp_path / "deployed.pt")

    assert max(result.box, result.score) <= TOLERANCE
    assert result.name == model.architecture.name == name
    assert result.parameters[1] == sum(p.numel() for p in model.parameters())
    assert result.parameters[1] < result.parameters[0]
    assert (info.names, info.fused, info.head) == (("one", "two"), True, "plain")
    assert info.metadata == {"image_size": 64, "reparameterized_from": "training.pt"}
    assert not model.has_auxiliary
    assert compare(source, model) == result


def test_a_file_without_class_names_gets_some(tmp_path: Path) -> None:
    torch.save(slim_model("yolov7", 2).state_dict(), tmp_path / "bare.pt")

    reparameterise(tmp_path / "bare.pt", tmp_path / "deployed.pt")

    assert read_checkpoint(tmp_path / "deployed.pt").info.names == ("class-0", "class-1")


def test_networks_that_differ_are_told_apart() -> None:
    one, other = slim_model("yolov7", 2), slim_model("yolov7", 2)
    with torch.no_grad():
        other.head.m[0].bias[4].add_(5)  # type: ignore[index]
    result = compare(one, other)

    assert result.score > 1e-3
    assert next(one.parameters()).dtype == torch.float32


def test_nothing_is_written_if_folding_changes_the_outputs(tmp_path: Path) -> None:
    """Weights so large that the folded ones are no float32 any more."""
    source = slim_model("yolov7-tiny", 2)
    with torch.no_grad():
        source.state_dict()["model.5.conv.weight"].fill_(1e35)
        source.state_dict()["model.5.bn.weight"].fill_(1e30)
    save_checkpoint(tmp_path / "extreme.pt", source, TWO)

    with pytest.raises(ModelError, match=r"cannot reparameterize .*extreme\.pt: folded, its boxes"):
        reparameterise(tmp_path / "extreme.pt", tmp_path / "deployed.pt")
    assert not (tmp_path / "deployed.pt").exists()
