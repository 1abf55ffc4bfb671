from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from train.data.dataset import Sample
from train.quantize.looks import Look, digest_of, look_at

NONE = np.zeros((0, 5), dtype=np.float32)


def _look(folder: Path, image: NDArray[np.uint8]) -> Look:
    path = folder / "picture.png"
    cv2.imwrite(str(path), image)
    return next(look_at([Sample(path, NONE)]))


def _scene(seed: int = 0) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (48, 64, 3), dtype=np.uint8)


def test_a_picture_with_something_in_it_has_no_fault(tmp_path: Path) -> None:
    scene = _scene()
    scene[..., 0] //= 2  # blue, as OpenCV writes it
    look = _look(tmp_path, scene)
    assert look.fault == ""
    assert look.wh == (64, 48)
    assert look.mean_rgb == pytest.approx((127, 127, 63), abs=15)  # of 192 pixels


@pytest.mark.parametrize(
    ("image", "fault"),
    [
        ((_scene() / 255).astype(np.uint8), "divided"),
        ((_scene() > 127).astype(np.uint8), "divided"),
        (np.full((48, 64, 3), 114, np.uint8), "blank"),
        (np.zeros((48, 64, 3), np.uint8), "blank"),
        ((_scene() // 20).astype(np.uint8), "dark"),
    ],
    ids=["floored", "rounded", "grey", "black", "dark"],
)
def test_names_the_fault(tmp_path: Path, image: NDArray[np.uint8], fault: str) -> None:
    if fault == "divided":
        image = image.copy()
        image[0, 0] = 1
    assert _look(tmp_path, image).fault == fault


def test_what_cannot_be_read_has_that_fault(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"no picture")
    steps: list[int] = []
    samples = [Sample(tmp_path / name, NONE) for name in ("a.png", "b.png")]
    looks = list(look_at(samples, lambda: steps.append(1)))
    assert [look.fault for look in looks] == ["undecodable"] * 2
    assert len(steps) == 2
    assert digest_of(samples[1]) == b""
    assert digest_of(samples[0]) == looks[0].digest != b""
