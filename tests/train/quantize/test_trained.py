"""Checkpoints that have their scales with them."""

from pathlib import Path

import pytest
import torch

from edgedet.errors import ModelError
from tests.train.model.slim import slim_model
from tests.train.quantize.tables import measured_table
from train.model import CheckpointContent, fuse, load_model, save_checkpoint
from train.quantize.fake_quantization import fake_quantize
from train.quantize.scale_table import METADATA_KEY
from train.quantize.trained import load_as_scored, own_scale_table


def test_a_checkpoint_gives_back_table_and_rounding_network(tmp_path: Path) -> None:
    network = fuse(slim_model("yolov7-tiny"))
    table = measured_table(network)
    fake_quantize(network, table)
    path = tmp_path / "int8.pt"
    save_checkpoint(
        path, network, CheckpointContent(["a"], metadata={METADATA_KEY: table.to_json()})
    )
    images = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    plain, info = load_model(path)

    assert own_scale_table(info, path) == table
    with torch.no_grad():
        assert torch.equal(load_as_scored(path)[0](images), network(images))
        assert not torch.equal(plain(images), network(images))


def test_another_checkpoint_is_taken_as_it_is(tmp_path: Path) -> None:
    network = slim_model("yolov7-tiny")
    path = tmp_path / "float.pt"
    save_checkpoint(path, network, CheckpointContent(["a"]))
    images = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))

    with torch.no_grad():
        assert torch.equal(load_as_scored(path)[0](images), network(images))


def test_what_is_no_table_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "odd.pt"
    content = CheckpointContent(["a"], metadata={METADATA_KEY: {"schema": "other"}})
    save_checkpoint(path, slim_model("yolov7-tiny"), content)

    with pytest.raises(ModelError, match=r"scale_table of .*odd\.pt is no scale table"):
        load_as_scored(path)
