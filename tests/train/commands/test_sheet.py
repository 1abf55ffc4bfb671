"""Sheets of pictures."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from edgedet.errors import DataError
from train.commands.sheet import lay_out, mark_objects, write_picture


def grey(side: int, value: int = 90) -> np.ndarray:
    return np.full((side, side, 3), value, dtype=np.uint8)


def test_labels_are_drawn_where_they_say() -> None:
    image = grey(100, 0)
    labels = np.array([[1, 0.5, 0.6, 0.4, 0.2]], dtype=np.float32)
    drawn = mark_objects(image, labels, ["a", "b"])
    assert image.max() == 0
    assert drawn[60, 30].max() > 0  # left side of 30 … 70
    assert drawn[70, 50].max() > 0  # lower side of 50 … 70
    assert drawn[80:].max() == 0


@pytest.mark.parametrize(
    ("count", "rows", "columns"), [(1, 1, 1), (4, 2, 2), (5, 2, 3), (16, 4, 4)]
)
def test_sheets_are_nearly_square(count: int, rows: int, columns: int) -> None:
    sheet = lay_out([grey(64)] * count)
    assert sheet.shape == (rows * 70 + 6, columns * 70 + 6, 3)
    assert (sheet == 90).all(axis=2).sum() == count * 64 * 64


def test_sheets_are_no_wider_than_asked_and_keep_relative_sizes() -> None:
    sheet = lay_out([grey(640), grey(320, 30)], columns=2, widest_px=500)
    assert sheet.shape[1] <= 500
    ratio = (sheet == 90).all(axis=2).sum() / (sheet == 30).all(axis=2).sum()
    assert ratio == pytest.approx(4, rel=0.05)


@pytest.mark.parametrize("name", ["a.png", "deep/er/b.jpg"])
def test_writes_rgb(tmp_path: Path, name: str) -> None:
    image = np.zeros((16, 16, 3), dtype=np.uint8)
    image[..., 0] = 200
    write_picture(tmp_path / name, image)
    read = cv2.imread(str(tmp_path / name))
    assert read is not None
    assert abs(int(read[8, 8, 2]) - 200) < 4


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(DataError, match=r"cannot write .*file/a\.png"):
        write_picture(tmp_path / "file" / "a.png", grey(8))
