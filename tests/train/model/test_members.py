"""Files of every member and form: recognised, loaded, refused. Networks are a sixteenth as wide."""

from functools import lru_cache
from pathlib import Path

import pytest
import torch

from edgedet.errors import ModelError
from tests.train.model.slim import slim_architecture, slim_model
from train.model import (
    CheckpointContent,
    DetectionNetwork,
    build_model,
    fuse,
    load_model,
    load_weights,
    save_checkpoint,
    start_from,
)
from train.model.architectures import ARCHITECTURES
from train.model.head import HeadKind

MEMBERS = [architecture.name for architecture in ARCHITECTURES]
ONE = CheckpointContent(["one"])


@lru_cache
def _source(name: str, num_classes: int, head: HeadKind, *, is_fused: bool) -> DetectionNetwork:
    """A network that no test changes."""
    if is_fused:
        return fuse(_source(name, num_classes, head, is_fused=False))
    return slim_model(name, num_classes, head)


def _predict(model: DetectionNetwork) -> torch.Tensor:
    images = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        out: torch.Tensor = model.eval()(images)
    return out


def _assert_same_predictions(got: DetectionNetwork, wanted: DetectionNetwork) -> None:
    torch.testing.assert_close(_predict(got), _predict(wanted), rtol=3e-4, atol=5e-3)


@pytest.mark.parametrize("name", MEMBERS)
@pytest.mark.parametrize("head", ["implicit", "plain"])
@pytest.mark.parametrize("is_fused", [False, True])
def test_a_bare_state_dict_is_recognised_and_loads_as_it_is(
    tmp_path: Path, name: str, head: HeadKind, *, is_fused: bool
) -> None:
    source = _source(name, 2, head, is_fused=is_fused)
    torch.save({"model": source.state_dict()}, tmp_path / "bare.pt")

    model, info = load_model(tmp_path / "bare.pt")

    assert (model.architecture.name, info.num_classes) == (name, 2)
    assert (info.head, info.fused) == (source.head.kind, is_fused)
    assert list(model.state_dict()) == list(source.state_dict())
    assert torch.equal(_predict(model), _predict(source))


@pytest.mark.parametrize("name", ["yolov7", "yolov7-w6", "yolov7-e6e"])
@pytest.mark.parametrize("given", ["implicit", "plain"])
@pytest.mark.parametrize("wanted", ["implicit", "plain"])
@pytest.mark.parametrize("is_fused", [False, True])
@pytest.mark.parametrize("into_fused", [False, True])
def test_every_form_loads_into_every_other(
    tmp_path: Path,
    name: str,
    given: HeadKind,
    wanted: HeadKind,
    *,
    is_fused: bool,
    into_fused: bool,
) -> None:
    source = _source(name, 1, given, is_fused=False)
    file = _source(name, 1, given, is_fused=is_fused)
    save_checkpoint(tmp_path / "model.pt", file, ONE)
    target = build_model(slim_architecture(name), 1, head=wanted)
    target = fuse(target) if into_fused else target

    report = load_weights(target, tmp_path / "model.pt")

    auxiliary = target.has_auxiliary and (is_fused or given == "plain")
    levels = len(target.strides) if auxiliary else 0
    assert len(report.missing) == (6 + 2) * levels  # a row's 6 tensors, weight and bias of m2
    assert report.matched + len(report.filled) + len(report.missing) == report.total
    _assert_same_predictions(target, source)


@pytest.mark.parametrize("head", ["implicit", "plain"])
def test_a_folded_training_file_with_its_auxiliary_layers_left_in_loads(
    tmp_path: Path, head: HeadKind
) -> None:
    """The original folds normalisation in place and keeps what only training needs."""
    source = slim_model("yolov7-w6")
    state = fuse(source).state_dict()
    state = {key.replace("model.118.", "model.122."): value for key, value in state.items()}
    for index in range(118, 122):
        width = source.architecture.auxiliary[index - 118].channels
        kernel = source.state_dict()[f"model.{index}.conv.weight"]
        state[f"model.{index}.conv.weight"] = torch.rand(kernel.shape)
        state[f"model.{index}.conv.bias"] = torch.rand(width)
        for part in ("weight", "bias"):
            key = f"model.122.m2.{index - 118}.{part}"
            state[key] = source.state_dict()[key]
    leftover = {k: v for k, v in source.state_dict().items() if ".ia." in k or ".im." in k}
    torch.save({"state_dict": state | leftover}, tmp_path / "folded.pt")

    target = build_model(slim_architecture("yolov7-w6"), 1, head=head)
    report = load_weights(target, tmp_path / "folded.pt")

    assert not report.missing
    _assert_same_predictions(target, source)
    _assert_same_predictions(load_model(tmp_path / "folded.pt")[0], source)


def test_training_starts_from_a_deployed_file_with_other_classes(tmp_path: Path) -> None:
    source = slim_model("yolov7-w6", 2, "plain")
    save_checkpoint(tmp_path / "deployed.pt", source, CheckpointContent(["a", "b"]))

    model, report = start_from(tmp_path / "deployed.pt", "yolov7-w6", 3)

    assert model.has_auxiliary
    assert model.architecture.layers == source.architecture.layers
    left = {key.split(".")[2] for key, _, _ in report.mismatched}
    assert left == {"m"}
    assert {key.split(".")[1] for key in report.missing} == {"118", "119", "120", "121", "122"}
    assert len(model(torch.rand(2, 3, 64, 64))) == 8


@pytest.mark.parametrize(("given", "wanted"), [("yolov7", "yolov7x"), ("yolov7-w6", "yolov7-tiny")])
def test_another_member_is_refused_by_both_names(tmp_path: Path, given: str, wanted: str) -> None:
    save_checkpoint(tmp_path / "model.pt", slim_model(given), ONE)
    said = f"into {wanted}: it is a {given}; build {given}, or give weights of {wanted}"

    with pytest.raises(ModelError, match=said):
        load_weights(build_model(slim_architecture(wanted), 1), tmp_path / "model.pt")
    with pytest.raises(ModelError, match=said):
        start_from(tmp_path / "model.pt", wanted, 1)


def test_a_file_that_names_another_member_than_it_is_is_refused(tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "model.pt", slim_model("yolov7"), ONE)
    content = torch.load(tmp_path / "model.pt", weights_only=True)
    content["model"]["architecture"] = "yolov7-w6"
    torch.save(content, tmp_path / "model.pt")

    with pytest.raises(ModelError, match="says that it is a yolov7-w6, but is a yolov7"):
        load_model(tmp_path / "model.pt")


def test_layers_wider_than_the_member_has_them_are_refused(tmp_path: Path) -> None:
    state = slim_model("yolov7").state_dict()
    state["model.0.conv.weight"] = torch.zeros(33, 3, 3, 3)
    torch.save(state, tmp_path / "wide.pt")

    with pytest.raises(ModelError, match="layer 0 has 33 channels, yolov7 has 32"):
        load_model(tmp_path / "wide.pt")


def test_widths_that_do_not_fit_together_are_refused(tmp_path: Path) -> None:
    state = slim_model("yolov7-e6e").state_dict()
    state["model.22.conv.weight"] = state["model.22.conv.weight"][:-1]  # one side of a sum
    torch.save(state, tmp_path / "uneven.pt")

    with pytest.raises(ModelError, match=r"a sum of \[9, 10\] channels"):
        load_model(tmp_path / "uneven.pt")


def test_a_head_where_no_member_has_it_is_refused(tmp_path: Path) -> None:
    state = slim_model("yolov7").state_dict()
    moved = {key.replace("model.105.", "model.50."): value for key, value in state.items()}
    torch.save(moved, tmp_path / "odd.pt")

    with pytest.raises(ModelError, match="no known network has its head at layer 50"):
        load_model(tmp_path / "odd.pt")
