"""yolov7 and yolov7-w6 in both forms, and folded, against outputs of the original network."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch

from tests.train.model.drawn import draw_weights, example_image
from train.model import DetectionNetwork, build_model, fuse
from train.model.head import HeadKind

# The original in float32 differs from itself in float64 by 0.02 px and 1.5e-5.
UNFUSED = (0.03, 0.0, 1e-4)  # box px, box relative, score
FUSED = (0.15, 3e-4, 3e-4)
STATISTICS = 1e-4

Recorded = Mapping[str, npt.NDArray[np.float32]]

pytestmark = pytest.mark.realdata


def _recorded(folder: Path, name: str, head: HeadKind) -> Recorded:
    form = "training" if head == "implicit" else "deploy"
    with np.load(folder / "parity" / "family" / f"{name}.{form}.npz") as tensors:
        return dict(tensors)


def _drawn(name: str, head: HeadKind) -> DetectionNetwork:
    model = build_model(name, head=head)
    draw_weights(model)
    return model.eval()


def _assert_near(
    got: torch.Tensor, wanted: npt.NDArray[np.float32], bars: tuple[float, float, float]
) -> None:
    box_px, box_relative, score = bars
    values = got.numpy()
    np.testing.assert_allclose(values[..., :4], wanted[..., :4], atol=box_px, rtol=box_relative)
    np.testing.assert_allclose(values[..., 4:], wanted[..., 4:], atol=score, rtol=0)


@pytest.mark.parametrize("name", ["yolov7", "yolov7-w6"])
@pytest.mark.parametrize("head", ["implicit", "plain"])
def test_predictions_and_every_layer_are_the_recorded_ones(
    test_data: Path, name: str, head: HeadKind
) -> None:
    recorded = _recorded(test_data, name, head)
    model = _drawn(name, head)
    seen: list[tuple[float, ...]] = []
    for layer in model.model[:-1]:
        layer.register_forward_hook(
            lambda _m, _i, out: seen.append(
                (out.shape[1], out.shape[2], out.mean(), out.std(), out.abs().max())
            )
        )
    with torch.no_grad():
        _assert_near(model(example_image()), recorded["z"], UNFUSED)
        for layer in model.model:
            layer._forward_hooks.clear()
        fused = fuse(model)
        del model
        _assert_near(fused(example_image()), recorded["z"], FUSED)
    np.testing.assert_allclose(
        np.array(seen, np.float64), recorded["layer_stats"], rtol=STATISTICS, atol=STATISTICS
    )


def test_auxiliary_maps_are_the_recorded_ones(test_data: Path) -> None:
    recorded = _recorded(test_data, "yolov7-w6", "implicit")
    model = _drawn("yolov7-w6", "implicit")
    model.head.train()  # raw maps, and the statistics of eval mode
    with torch.no_grad():
        maps = model(example_image())
    assert len(maps) == 8
    for level, name in ((6, "aux_p5"), (7, "aux_p6")):
        raw = maps[level].permute(0, 1, 4, 2, 3).flatten(1, 2).numpy()
        np.testing.assert_allclose(raw, recorded[name], atol=2e-3, rtol=1e-4)
