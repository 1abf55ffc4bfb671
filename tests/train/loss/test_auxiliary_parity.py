"""The loss of a network with an auxiliary head against tensors recorded from the original code."""

import json
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch

from tests.train.model.slim import slim_architecture
from train.loss import DetectionLoss
from train.model import build_model

Recorded = dict[str, npt.NDArray[np.float32]]

CASES = ("main", "unscaled", "oneempty", "empty")
ITEM_TOLERANCE = 1e-6  # the original's own rounding in float32
GRADIENT_TOLERANCE = 1e-7
SIDE = 256

pytestmark = pytest.mark.realdata


@pytest.fixture(scope="module")
def recorded(test_data: Path) -> Recorded:
    """All recorded tensors."""
    with np.load(test_data / "parity" / "family" / "aux_loss.npz") as tensors:
        return dict(tensors)


def _inputs(recorded: Recorded, case: str) -> tuple[list[torch.Tensor], torch.Tensor]:
    raw = [torch.from_numpy(recorded[f"p{i}"]).requires_grad_() for i in range(8)]
    if case == "empty":
        return raw, torch.zeros(0, 6)
    name = f"{case}_targets"
    return raw, torch.from_numpy(recorded[name if name in recorded else "targets"])


def _loss(recorded: Recorded, case: str) -> DetectionLoss:
    hyps = json.loads(str(recorded["hyp_json"]))
    return DetectionLoss(
        build_model(slim_architecture("yolov7-w6"), 3), hyps.get(case, hyps["main"])
    )


def test_the_anchors_are_the_recorded_ones(recorded: Recorded) -> None:
    anchors = build_model(slim_architecture("yolov7-w6"), 3).head.anchors
    np.testing.assert_array_equal(anchors, recorded["anchors_grid"])


@pytest.mark.parametrize("case", CASES)
def test_gives_the_recorded_loss_components_and_gradients(recorded: Recorded, case: str) -> None:
    raw, targets = _inputs(recorded, case)
    loss, components = _loss(recorded, case)(raw, targets, torch.zeros(2, 3, SIDE, SIDE))
    loss.backward()  # type: ignore[no-untyped-call]
    prefix = "" if case == "main" else f"{case}_"
    assert loss.item() == pytest.approx(recorded[f"{prefix}loss"].item(), abs=2 * ITEM_TOLERANCE)
    np.testing.assert_allclose(
        components.numpy(), recorded[f"{prefix}items"], rtol=0, atol=ITEM_TOLERANCE
    )
    for i, level in enumerate(raw):
        assert level.grad is not None
        np.testing.assert_allclose(
            level.grad.numpy(), recorded[f"{prefix}grad{i}"], rtol=0, atol=GRADIENT_TOLERANCE
        )


@pytest.mark.parametrize("case", CASES)
def test_assigns_the_recorded_positions_to_both_heads(recorded: Recorded, case: str) -> None:
    raw, targets = _inputs(recorded, case)
    positives = _loss(recorded, case).assign([p.detach() for p in raw], targets, (SIDE, SIDE))
    prefix = "" if case == "main" else f"{case}_"
    names = [f"{head}_{{}}{level}" for head in ("lead", "aux") for level in range(4)]
    for level, name in zip(positives, names, strict=True):
        got = torch.stack((level.image, level.anchor, level.row, level.column), dim=-1).numpy()
        np.testing.assert_array_equal(got, recorded[prefix + name.format("match")])
        np.testing.assert_allclose(
            targets[level.target].numpy(), recorded[prefix + name.format("target")]
        )


def test_lead_maps_alone_are_scored_too(recorded: Recorded) -> None:
    raw, targets = _inputs(recorded, "main")
    loss = _loss(recorded, "main")
    images = torch.zeros(2, 3, SIDE, SIDE)
    alone, _ = loss(raw[:4], targets, images)
    both, _ = loss(raw, targets, images)
    assert 0 < alone.item() < both.item()
