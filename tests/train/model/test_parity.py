"""Loading, decoding and folding against tensors recorded from the original network."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch

from train.model import build_model, fuse, load_model, load_weights
from train.model.head import HeadKind

# The original in float32 differs from itself in float64 by 0.024 px and 3e-5.
UNFUSED = (0.03, 0.0, 1e-4)  # box px, box relative, score
FUSED = (0.15, 3e-4, 3e-4)

HEADS: tuple[HeadKind, ...] = ("implicit", "plain")

pytestmark = pytest.mark.realdata


@pytest.fixture(scope="module")
def image(test_data: Path) -> torch.Tensor:
    return torch.from_numpy(np.load(test_data / "parity" / "input.npy"))


def _recorded(folder: Path, head: str, name: str = "z") -> npt.NDArray[np.float32]:
    values: npt.NDArray[np.float32] = np.load(folder / "parity" / f"{head}_head.npz")[name]
    return values


def _assert_near(
    got: torch.Tensor, wanted: npt.NDArray[np.float32], bars: tuple[float, float, float]
) -> None:
    box_px, box_relative, score = bars
    values = got.numpy()
    np.testing.assert_allclose(values[..., :4], wanted[..., :4], atol=box_px, rtol=box_relative)
    np.testing.assert_allclose(values[..., 4:], wanted[..., 4:], atol=score, rtol=0)


@pytest.mark.parametrize("given", HEADS)
@pytest.mark.parametrize("wanted", HEADS)
def test_any_head_form_loads_into_any_other(
    test_data: Path, image: torch.Tensor, given: HeadKind, wanted: HeadKind
) -> None:
    model = build_model("yolov7-tiny", head=wanted)
    report = load_weights(model, test_data / "parity" / f"{given}_head.pt")
    assert report.matched == (344 if given == wanted == "implicit" else 338)
    assert len(report.filled) == report.total - report.matched
    with torch.no_grad():
        _assert_near(model.eval()(image), _recorded(test_data, given), UNFUSED)


def test_rectangular_input_and_folding_agree_with_the_original(
    test_data: Path, image: torch.Tensor
) -> None:
    model, info = load_model(test_data / "parity" / "implicit_head.pt")
    assert (info.form, info.num_classes, info.head) == ("official", 80, "implicit")
    with torch.no_grad():
        _assert_near(
            model(image[:, :, 64:256]), _recorded(test_data, "implicit", "z_rect"), UNFUSED
        )
        fused = fuse(model)(image)
    _assert_near(fused, _recorded(test_data, "implicit", "z_fused"), FUSED)
    _assert_near(fused, _recorded(test_data, "implicit"), FUSED)


def test_every_layer_has_the_recorded_statistics(test_data: Path, image: torch.Tensor) -> None:
    model, _ = load_model(test_data / "parity" / "implicit_head.pt")
    seen: list[tuple[float, ...]] = []
    for layer in model.model[:-1]:
        layer.register_forward_hook(
            lambda _m, _i, out: seen.append(
                (out.shape[1], out.shape[2], out.mean(), out.std(), out.abs().max())
            )
        )
    with torch.no_grad():
        model(image)
    wanted = _recorded(test_data, "implicit", "layer_stats")
    np.testing.assert_allclose(np.array(seen, np.float64), wanted, rtol=1e-4, atol=1e-4)


def test_raw_maps_are_the_recorded_ones(test_data: Path, image: torch.Tensor) -> None:
    model, _ = load_model(test_data / "parity" / "implicit_head.pt")
    model.head.train()
    with torch.no_grad():
        raw = model(image)
    for level, name in zip(raw, ("raw_p3", "raw_p4", "raw_p5"), strict=True):
        wanted = _recorded(test_data, "implicit", name)
        np.testing.assert_allclose(level.numpy(), wanted, atol=2e-3, rtol=1e-4)
