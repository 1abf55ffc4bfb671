"""Networks without some of their channels: the same as with these channels set to nothing."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest
import torch
from torch import nn

from edgedet.errors import ModelError
from tests.train.model.slim import slim_architecture, slim_model
from train.model import CheckpointContent, fuse, load_model, save_checkpoint, start_from
from train.model.architectures import ARCHITECTURES
from train.model.channels import map_channels
from train.model.head import HeadKind
from train.model.pruning import choose_channels, prune

MEMBERS = [architecture.name for architecture in ARCHITECTURES]


def _half(name: str, *, auxiliary: bool) -> dict[int, torch.Tensor]:
    """Of each group some channels, at random, but at least one."""
    sizes = map_channels(slim_architecture(name), auxiliary=auxiliary).sizes
    generator = torch.Generator().manual_seed(1)
    kept = {}
    for group, size in sizes.items():
        if group >= 0:
            count = max(size // 2, 1)
            kept[group] = torch.randperm(size, generator=generator)[:count].sort().values
    return kept


def _silenced(
    model: nn.Module, name: str, kept: Mapping[int, torch.Tensor], *, auxiliary: bool
) -> None:
    """Make the channels that do not stay give 0, which both activations leave at 0."""
    state = model.state_dict()
    with torch.no_grad():
        for conv in map_channels(slim_architecture(name), auxiliary=auxiliary).convolutions:
            gone = torch.ones(state_size(state, conv.name), dtype=torch.bool)
            gone[kept[conv.makes]] = False
            names = re.compile(rf"{conv.name}\.(bn|rbr_\w+\.1)\.(weight|bias)")
            for key, value in state.items():
                if names.fullmatch(key):
                    value[gone] = 0


def state_size(state: Mapping[str, torch.Tensor], name: str) -> int:
    return next(v.shape[0] for k, v in state.items() if k.startswith(f"{name}.") and v.ndim == 4)


@pytest.mark.parametrize("name", MEMBERS)
@pytest.mark.parametrize("head", ["implicit", "plain"])
def test_answers_as_the_network_with_these_channels_silenced(name: str, head: HeadKind) -> None:
    model = slim_model(name, 2, head)
    auxiliary = model.has_auxiliary
    kept = _half(name, auxiliary=auxiliary)
    narrow = prune(model, kept)
    before = sum(p.numel() for p in model.parameters())
    _silenced(model, name, kept, auxiliary=auxiliary)
    images = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(2))
    model.head.train()
    narrow.head.train()
    with torch.no_grad():
        for got, wanted in zip(narrow(images), model(images), strict=True):
            torch.testing.assert_close(got, wanted, rtol=1e-4, atol=1e-5)
    assert sum(p.numel() for p in narrow.parameters()) < 0.75 * before


@pytest.mark.parametrize("name", ["yolov7-tiny", "yolov7-w6", "yolov7-e6e"])
def test_a_pruned_network_is_an_ordinary_checkpoint(tmp_path: Path, name: str) -> None:
    model = slim_model(name)
    narrow = prune(model, _half(name, auxiliary=model.has_auxiliary)).eval()
    save_checkpoint(tmp_path / "narrow.pt", narrow, CheckpointContent(["one"]))
    images = torch.rand(1, 3, 64, 64)

    loaded, info = load_model(tmp_path / "narrow.pt")
    started, report = start_from(tmp_path / "narrow.pt", name, 1)

    assert loaded.architecture == started.architecture == narrow.architecture
    assert info.architecture == name
    assert report.matched == report.total
    with torch.no_grad():
        assert torch.equal(loaded(images), narrow(images))
        assert torch.equal(started.eval()(images), narrow(images))


def test_keeps_the_most_important_in_multiples_of_eight() -> None:
    importance = {1: torch.arange(32.0), 2: torch.full((16,), 100.0), 3: torch.zeros(40)}
    everywhere = choose_channels(importance, 0.55, "global")
    alike = choose_channels(importance, 0.5, "layer")

    assert everywhere[1].tolist() == list(range(8, 32))
    assert everywhere[2].tolist() == list(range(16))
    assert len(everywhere[3]) == 8  # a tenth, and a multiple of 8
    assert [len(alike[group]) for group in (1, 2, 3)] == [16, 8, 16]  # 20 is as near to 16 as to 24
    assert alike[1].tolist() == list(range(16, 32))


def test_refuses_a_folded_network() -> None:
    with pytest.raises(ModelError, match="cannot prune a folded network"):
        prune(fuse(slim_model("yolov7")), {})
