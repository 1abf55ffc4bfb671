"""A model that knows bright red squares, asked about pictures that were spoilt in many ways."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.detect.tiny_bundle import CELL_PX, TINY_HW, make_tiny_bundle
from train.evaluate import BundlePredictor, Predictor
from train.quantize.model_check import check_with_model


@dataclass(frozen=True)
class Square:
    """One square, its red lit, on a ground that is blue; `spoil` changes the numbers."""

    cell: tuple[int, int]
    level: int = 230
    order: tuple[int, int, int] = (0, 1, 2)
    has_label: bool = True

    @property
    def path(self) -> Path:
        return Path(f"{self.cell}.png")

    @property
    def labels(self) -> NDArray[np.float32]:
        row, column = self.cell
        height, width = TINY_HW
        centre = [(column + 0.5) * CELL_PX / width, (row + 0.5) * CELL_PX / height]
        box = np.array([[0, *centre, CELL_PX / width, CELL_PX / height]], np.float32)
        return box[: int(self.has_label)]

    def load(self) -> NDArray[np.uint8]:
        image = np.zeros((*TINY_HW, 3), dtype=np.uint8)
        row, column = (CELL_PX * each for each in self.cell)
        image[row : row + CELL_PX, column : column + CELL_PX] = (self.level, 20, 20)
        return np.ascontiguousarray(image[..., list(self.order)])


class RedFinder:
    """Scores a cell by how much redder than blue it is; stands for a network that knows colours."""

    backend, input_hw, threads, device = "made", TINY_HW, 1, "cpu"

    def infer(self, images_nhwc: NDArray[np.uint8]) -> NDArray[np.float32]:
        rows = []
        for image in images_nhwc.astype(np.float32):
            cells = image.reshape(
                TINY_HW[0] // CELL_PX, CELL_PX, TINY_HW[1] // CELL_PX, CELL_PX, 3
            ).mean(axis=(1, 3))
            found = []
            for row, line in enumerate(cells):
                for column, (red, _, blue) in enumerate(line):
                    x, y = column * CELL_PX, row * CELL_PX
                    score = float(np.clip((red - 0.5 * blue) / 255, 0, 1))
                    found.append([x, y, x + CELL_PX, y + CELL_PX, score, 0, 0])
            rows.append(found)
        return np.array(rows, dtype=np.float32)


CELLS = [(row, column) for row in range(4) for column in range(5)]


def _squares(**changes: object) -> list[Square]:
    return [Square(cell, **changes) for cell in CELLS]  # type: ignore[arg-type]


def test_sound_pictures_give_no_problem() -> None:
    found = check_with_model(RedFinder(), _squares(), _squares(level=220))
    assert found.problem == ""
    assert found.as_given == pytest.approx(0.86, abs=0.02)
    assert found.held_out == pytest.approx(0.82, abs=0.02)
    assert found.swapped is not None
    assert found.swapped < 0.1


def test_swapped_channels_are_told() -> None:
    found = check_with_model(RedFinder(), _squares(order=(2, 1, 0)), _squares())
    assert "if red and blue are swapped" in found.problem
    assert "wrong channel order" in found.problem


def test_a_little_more_with_colours_swapped_is_no_channel_order() -> None:
    found = check_with_model(RedFinder(), _squares(level=90, order=(2, 1, 0)), _squares())
    assert found.swapped is not None
    assert found.as_given is not None
    assert found.swapped > found.as_given + 0.1
    assert "they are not what it was trained on" in found.problem


def test_pictures_that_the_model_does_not_know_are_told(tmp_path: Path) -> None:
    predictor: Predictor = BundlePredictor(make_tiny_bundle(tmp_path), "onnxruntime", threads=1)
    found = check_with_model(predictor, _squares(level=20), _squares(level=255))
    assert "they are not what it was trained on" in found.problem
    assert found.as_given is not None
    assert found.held_out is not None
    assert found.as_given < found.held_out / 3


def test_a_model_that_finds_nothing_anywhere_is_remarked() -> None:
    found = check_with_model(RedFinder(), _squares(level=10), _squares(level=10))
    assert found.problem == ""
    assert "it is hardly trained, or pictures and labels are not those" in found.remark
    assert check_with_model(RedFinder(), _squares(), _squares()).remark == ""


def test_without_labels_there_is_nothing_to_say() -> None:
    found = check_with_model(RedFinder(), _squares(has_label=False), _squares())
    assert (found.as_given, found.swapped, found.problem) == (None, None, "")
    alone = check_with_model(RedFinder(), _squares(), _squares(has_label=False))
    assert (alone.held_out, alone.problem) == (None, "")
