"""Pictures that are not what their annotation says: turned, resized, of another shape, broken."""

import struct
from pathlib import Path

import cv2
import numpy as np
import pytest

from train.data.dataset import load_picture
from train.data.ingest.annotated import Annotated, Box, Tally
from train.data.ingest.write import CORRUPT, OTHER_SHAPE, RESIZED, TURNED, Written, labels_of

STORED_HW = (40, 64)
SPOT = Box(0, 8, 4, 24, 12)  # in stored pixels: left half, upper part


def turned_jpeg(path: Path, orientation: int) -> Path:
    """A picture with a bright spot, and an EXIF orientation."""
    image = np.zeros((*STORED_HW, 3), dtype=np.uint8)
    image[4:12, 8:24] = 255
    content = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 100])[1].tobytes()
    tag = struct.pack("<HHIHH", 0x0112, 3, 1, orientation, 0)
    exif = b"Exif\0\0" + b"II*\0\x08\0\0\0" + b"\x01\0" + tag + b"\0\0\0\0"
    segment = b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif
    path.write_bytes(content[:2] + segment + content[2:])
    return path


def spot_in(path: Path) -> list[float]:
    """cx, cy, w, h of what is bright in a picture as it is loaded."""
    bright = load_picture(path)[:, :, 0] > 128
    height, width = bright.shape
    ys, xs = np.nonzero(bright)
    x1, x2, y1, y2 = xs.min(), xs.max() + 1, ys.min(), ys.max() + 1
    return [(x1 + x2) / 2 / width, (y1 + y2) / 2 / height, (x2 - x1) / width, (y2 - y1) / height]


@pytest.mark.parametrize("orientation", [1, 5, 6, 7, 8])
def test_boxes_of_stored_pixels_follow_the_picture(tmp_path: Path, orientation: int) -> None:
    path = turned_jpeg(tmp_path / "a.jpg", orientation)
    tally = Tally()
    labels = labels_of(Annotated(path, "a.jpg", (SPOT,), STORED_HW[::-1]), tally)

    assert labels is not None
    assert np.allclose(labels[0, 1:], spot_in(path), atol=0.02)
    assert tally[TURNED] == int(orientation != 1)


@pytest.mark.parametrize("orientation", [2, 3, 4, 5, 6, 7, 8])
def test_boxes_of_the_picture_as_shown_stay(tmp_path: Path, orientation: int) -> None:
    path = turned_jpeg(tmp_path / "a.jpg", orientation)
    height, width = load_picture(path).shape[:2]
    centre_x, centre_y, w, h = spot_in(path)
    half_w, half_h = w * width / 2, h * height / 2
    x, y = centre_x * width, centre_y * height
    box = Box(0, x - half_w, y - half_h, x + half_w, y + half_h)
    tally = Tally()
    labels = labels_of(Annotated(path, "a.jpg", (box,), (width, height)), tally)

    assert labels is not None
    assert np.allclose(labels[0, 1:], spot_in(path), atol=1e-6)
    assert tally[TURNED] == 0


@pytest.mark.parametrize(
    ("wh", "told", "kept"),
    [((128, 80), RESIZED, True), ((64, 64), OTHER_SHAPE, False), (None, "", True)],
)
def test_other_sizes(tmp_path: Path, wh: tuple[int, int] | None, told: str, kept: bool) -> None:
    path = turned_jpeg(tmp_path / "a.jpg", 1)
    tally = Tally()
    scale = 2 if wh == (128, 80) else 1
    box = Box(0, 8 * scale, 4 * scale, 24 * scale, 12 * scale)
    labels = labels_of(Annotated(path, "a.jpg", (box,), wh), tally)

    assert (labels is not None) is kept
    assert not told or tally[told] == 1
    assert labels is None or np.allclose(labels[0, 1:], [0.25, 0.2, 0.25, 0.2])


def test_a_broken_picture_is_left_out_and_counted(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"nothing")
    tally = Tally()

    assert labels_of(Annotated(tmp_path / "a.jpg", "a.jpg", ()), tally) is None
    assert tally == {CORRUPT: 1}


def test_classes_without_objects_are_named_by_split() -> None:
    written = Written()
    written.count("train", np.array([[0, 0.5, 0.5, 1, 1], [1, 0.5, 0.5, 1, 1]], np.float32))
    written.count("val", np.array([[0, 0.5, 0.5, 1, 1]], np.float32))

    assert written.missing_classes(["a", "b", "c"]) == [
        "no object of c in train",
        "no object of b, c in val",
    ]
    assert written.total_objects == 3
