"""The loss against tensors recorded from the original code."""

import json
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch

from train.loss import DetectionLoss
from train.model import build_model

Recorded = dict[str, npt.NDArray[np.float32]]

CASES = ("main", "unscaled", "smooth", "focal", "oneempty", "empty", "head")
ITEM_TOLERANCE = 1e-6  # the original's own rounding in float32
GRADIENT_TOLERANCE = 1e-7

pytestmark = pytest.mark.realdata


@pytest.fixture(scope="module")
def recorded(test_data: Path) -> Recorded:
    """All recorded tensors."""
    with np.load(test_data / "parity" / "loss.npz") as tensors:
        return dict(tensors)


def _inputs(recorded: Recorded, case: str) -> tuple[list[torch.Tensor], torch.Tensor, torch.Tensor]:
    own = f"{case}_p0" in recorded
    raw = [
        torch.from_numpy(recorded[f"{case}_p{i}" if own else f"p{i}"]).requires_grad_()
        for i in range(3)
    ]
    name = f"{case}_targets"
    targets = torch.from_numpy(recorded[name if name in recorded else "targets"])
    return raw, targets, torch.zeros(2, 3, 320, 320)


def _loss(recorded: Recorded, case: str, **changes: float) -> DetectionLoss:
    hyp = json.loads(str(recorded["hyps_json"]))[case]
    return DetectionLoss(build_model("yolov7-tiny", 3), hyp | changes)


@pytest.mark.parametrize("form", ["ota", "plain"])
@pytest.mark.parametrize("case", CASES)
def test_gives_the_recorded_loss_components_and_gradients(
    recorded: Recorded, case: str, form: str
) -> None:
    raw, targets, images = _inputs(recorded, case)
    changes = {"loss_ota": 0.0} if form == "plain" else {}
    loss, components = _loss(recorded, case, **changes)(raw, targets, images)
    loss.backward()  # type: ignore[no-untyped-call]
    prefix = ("plain_" if form == "plain" else "") + ("" if case == "main" else f"{case}_")
    assert loss.item() == pytest.approx(recorded[f"{prefix}loss"].item(), abs=2 * ITEM_TOLERANCE)
    np.testing.assert_allclose(
        components.numpy(), recorded[f"{prefix}items"], rtol=0, atol=ITEM_TOLERANCE
    )
    for i, level in enumerate(raw):
        np.testing.assert_allclose(
            _gradient(level), recorded[f"{prefix}grad{i}"], rtol=0, atol=GRADIENT_TOLERANCE
        )


@pytest.mark.parametrize("case", CASES)
def test_assigns_the_recorded_positions_in_the_recorded_order(
    recorded: Recorded, case: str
) -> None:
    raw, targets, _ = _inputs(recorded, case)
    loss = _loss(recorded, case)
    prefix = "" if case == "main" else f"{case}_"
    for i, level in enumerate(loss.assign([p.detach() for p in raw], targets, (320, 320))):
        got = torch.stack((level.image, level.anchor, level.row, level.column), dim=-1).numpy()
        wanted = recorded[f"{prefix}match{i}"]
        np.testing.assert_array_equal(got, wanted.reshape(-1, 4) if wanted.ndim == 1 else wanted)
        owners = targets[level.target].numpy()
        np.testing.assert_allclose(owners, recorded[f"{prefix}match_target{i}"].reshape(-1, 6))


def _gradient(level: torch.Tensor) -> npt.NDArray[np.float32]:
    assert level.grad is not None
    gradient: npt.NDArray[np.float32] = level.grad.numpy()
    return gradient
