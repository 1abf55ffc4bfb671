"""Filling networks from files, and saving them; every round trip must keep the outputs."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch

from edgedet.errors import ModelError
from train.model import (
    CheckpointContent,
    DetectionNetwork,
    build_model,
    fuse,
    load_model,
    load_weights,
    read_checkpoint,
    save_checkpoint,
)
from train.model.head import HeadKind

PERSON = CheckpointContent(names=["person"])


def _model(head: HeadKind = "implicit", num_classes: int = 1) -> DetectionNetwork:
    """A network whose normalisation and head are not neutral."""
    torch.manual_seed(7)
    model = build_model("yolov7-tiny", num_classes, head=head)
    with torch.no_grad():
        for name, value in model.state_dict().items():
            if name.endswith(("bn.weight", "bn.running_var")):
                value.uniform_(0.7, 1.4)
            elif name.endswith(("bn.bias", "bn.running_mean")) or ".ia." in name:
                value.normal_(0, 0.1)
            elif ".im." in name:
                value.normal_(1, 0.1)
    return model.eval()


def _predict(model: DetectionNetwork) -> torch.Tensor:
    images = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        out: torch.Tensor = model.eval()(images)
    return out


def _assert_same_predictions(got: DetectionNetwork, wanted: DetectionNetwork) -> None:
    torch.testing.assert_close(_predict(got), _predict(wanted), rtol=3e-4, atol=5e-3)


@pytest.mark.parametrize("fused", [False, True])
@pytest.mark.parametrize("given", ["implicit", "plain"])
@pytest.mark.parametrize("wanted", ["implicit", "plain"])
@pytest.mark.parametrize("into_fused", [False, True])
def test_every_form_loads_into_every_other(
    tmp_path: Path, given: HeadKind, wanted: HeadKind, *, fused: bool, into_fused: bool
) -> None:
    source = _model(given)
    path = tmp_path / "model.pt"
    save_checkpoint(path, fuse(source) if fused else source, PERSON)
    target = build_model("yolov7-tiny", 1, head=wanted)
    target = fuse(target) if into_fused else target
    report = load_weights(target, path)
    assert not report.missing
    assert not report.unexpected
    assert report.matched + len(report.filled) == report.total
    _assert_same_predictions(target, source)


@pytest.mark.parametrize("head", ["implicit", "plain"])
def test_implicit_values_of_a_fused_file_are_used_up(tmp_path: Path, head: HeadKind) -> None:
    source = _model()
    state = fuse(source).state_dict()
    leftover = {k: v for k, v in source.state_dict().items() if ".ia." in k or ".im." in k}
    assert (len(state), len(leftover)) == (118, 6)
    torch.save({"state_dict": {**state, **leftover}}, tmp_path / "fused.pt")
    target = build_model("yolov7-tiny", 1, head=head)
    load_weights(target, tmp_path / "fused.pt")
    _assert_same_predictions(target, source)


def test_a_fused_file_loads_as_a_fused_model(tmp_path: Path) -> None:
    source = fuse(_model())
    save_checkpoint(tmp_path / "fused.pt", source, PERSON)
    model, info = load_model(tmp_path / "fused.pt")
    assert info.fused
    assert list(model.state_dict()) == list(source.state_dict())
    assert torch.equal(_predict(model), _predict(source))


def test_fusing_keeps_the_outputs_and_the_original() -> None:
    model = _model()
    before = {key: value.clone() for key, value in model.state_dict().items()}
    fused = fuse(model)
    _assert_same_predictions(fused, model)
    _assert_same_predictions(fuse(fused), model)
    assert all(torch.equal(before[key], value) for key, value in model.state_dict().items())
    assert not any(".bn." in key or "implicit" in key for key in fused.state_dict())


def test_our_form_keeps_everything_and_loads_with_weights_only(tmp_path: Path) -> None:
    model, average = _model(), _model()
    with torch.no_grad():
        average.head.m[0].weight.add_(1)  # type: ignore[operator]
    train = {
        "optimizer": {"state": {0: {"momentum_buffer": torch.ones(3)}}, "lr": np.float64(0.01)},
        "epoch": 3,
        "rng": torch.get_rng_state(),
        "python_rng": (3, (1, 2), None),
    }
    content = CheckpointContent(["person"], ema=average, train=train, metadata={"ap50": 0.5})
    save_checkpoint(tmp_path / "last.pt", model, content)
    checkpoint = read_checkpoint(tmp_path / "last.pt")
    assert checkpoint.info.architecture == "yolov7-tiny"
    assert checkpoint.info.names == ("person",)
    assert checkpoint.info.metadata == {"ap50": 0.5}
    assert checkpoint.train is not None
    assert checkpoint.train["python_rng"] == (3, (1, 2), None)
    assert torch.equal(checkpoint.train["rng"], torch.get_rng_state())  # type: ignore[arg-type]
    assert checkpoint.ema is not None
    assert all(torch.equal(checkpoint.weights[k], v) for k, v in model.state_dict().items())
    assert all(torch.equal(checkpoint.ema[k], v) for k, v in average.state_dict().items())
    plain = torch.load(tmp_path / "last.pt", weights_only=True)
    assert plain["format"] == "edgedet.checkpoint/1"
    assert type(plain["train"]["optimizer"]["lr"]) is float
    loaded, _ = load_model(tmp_path / "last.pt")
    assert torch.equal(_predict(loaded), _predict(average))


def test_half_precision_file_is_small_and_near(tmp_path: Path) -> None:
    model = _model()
    save_checkpoint(tmp_path / "half.pt", model, CheckpointContent(["person"], half=True))
    assert (tmp_path / "half.pt").stat().st_size < 12.5e6
    loaded, info = load_model(tmp_path / "half.pt")
    assert next(loaded.parameters()).dtype == torch.float32
    assert info.head == "implicit"
    assert (_predict(loaded)[..., 4:] - _predict(model)[..., 4:]).abs().max() < 1e-2


def test_own_anchors_survive_a_round_trip(tmp_path: Path) -> None:
    anchors = [
        [(8.0 * (3 * i + j + 1), 16.0 * (3 * i + j + 1)) for j in range(3)] for i in range(3)
    ]
    model = build_model("yolov7-tiny", 1, anchors=anchors)
    save_checkpoint(tmp_path / "own.pt", model, PERSON)
    loaded, info = load_model(tmp_path / "own.pt")
    assert loaded.anchors_px == model.anchors_px == info.anchors_px


def test_other_class_count_is_refused_unless_asked_for(tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "one.pt", _model(), PERSON)
    model = build_model("yolov7-tiny", 3)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    with pytest.raises(ModelError, match="it has 1 classes, the model 3"):
        load_weights(model, tmp_path / "one.pt")
    assert all(torch.equal(before[key], value) for key, value in model.state_dict().items())
    report = load_weights(model, tmp_path / "one.pt", strict=False)
    left = {key for key, _, _ in report.mismatched}
    assert len(left) == 9  # weight, bias and im of three levels
    assert all(key.startswith(("model.77.m.", "model.77.im.")) for key in left)
    changed = model.state_dict()
    assert all(torch.equal(before[key], changed[key]) for key in left)
    assert not torch.equal(before["model.0.bn.weight"], changed["model.0.bn.weight"])


@pytest.mark.parametrize(
    ("key", "value", "named"),
    [
        ("model.5.conv.weight", None, r"model\.5\.conv\.weight is missing"),
        ("model.78.conv.weight", torch.zeros(1), "has no place"),
        ("model.5.conv.weight", torch.zeros(2, 2, 1, 1), r"is \(2, 2, 1, 1\), expected"),
        ("model.5.bn.weight", torch.full((32,), float("nan")), "not finite"),
        ("model.5.bn.weight", torch.zeros(32, dtype=torch.int64), "is torch.int64"),
    ],
)
@pytest.mark.parametrize("strict", [True, False])
def test_weights_that_do_not_fit_are_named(
    tmp_path: Path, key: str, value: torch.Tensor | None, named: str, *, strict: bool
) -> None:
    state = dict(_model().state_dict())
    if value is None:
        del state[key]
    else:
        state[key] = value
    torch.save(state, tmp_path / "wrong.pt")
    with pytest.raises(ModelError, match=named):
        load_weights(build_model("yolov7-tiny", 1), tmp_path / "wrong.pt", strict=strict)


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (CheckpointContent(["a", "b"]), "2 class names for 1 classes"),
        (CheckpointContent(["a"], train={"rng": np.zeros(2)}), r"train\.rng is a ndarray"),
        (CheckpointContent(["a"], metadata={"when": Path()}), "metadata.when is a .*Path"),
        (CheckpointContent(["a"], train={"x": {1.5: 0}}), "the key 1.5"),
        (CheckpointContent(["a"], ema={"w": torch.tensor([float("inf")])}), "w is not finite"),
    ],
)
def test_refuses_to_save_what_could_not_be_read(
    tmp_path: Path, content: CheckpointContent, named: str
) -> None:
    with pytest.raises(ModelError, match=named):
        save_checkpoint(tmp_path / "bad.pt", build_model("yolov7-tiny", 1), content)
    assert not list(tmp_path.iterdir())


def test_failed_save_leaves_the_old_file_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "best.pt"
    save_checkpoint(path, build_model("yolov7-tiny", 1), PERSON)
    before = path.read_bytes()

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ModelError, match="the disk is full"):
        save_checkpoint(path, build_model("yolov7-tiny", 1), PERSON)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
