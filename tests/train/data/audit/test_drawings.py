"""Drawings: small, with boxes where they belong."""

import base64
from pathlib import Path

import cv2
import numpy as np
import pytest

from train.data.audit.drawings import drawing

NONE = np.zeros((0, 5), dtype=np.float32)


def decoded(text: str | None) -> np.ndarray:
    assert text is not None
    image = cv2.imdecode(np.frombuffer(base64.b64decode(text), np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return np.asarray(image[:, :, ::-1]).astype(int)


@pytest.fixture
def grey(tmp_path: Path) -> Path:
    path = tmp_path / "a.png"
    cv2.imwrite(str(path), np.full((100, 200, 3), 128, dtype=np.uint8))
    return path


def test_labels_are_green_and_the_box_in_question_red(grey: Path) -> None:
    image = decoded(
        drawing(grey, np.array([[0, 0.25, 0.5, 0.3, 0.6]], np.float32), (0.75, 0.5, 0.3, 0.6))
    )
    assert image.shape == (130, 260, 3)
    green = image[:, :, 1] - image[:, :, 0] > 60
    red = image[:, :, 0] - image[:, :, 1] > 60
    assert green[:, :130].sum() > 150
    assert green[:, 130:].sum() == 0
    assert red[:, 130:].sum() > 300
    assert red[:, :130].sum() == 0


@pytest.mark.parametrize(
    "box", [(20.0, 30.0, 10.0, 10.0), (1e30, 0.5, 0.1, 0.1), (float("nan"),) * 4]
)
def test_boxes_far_outside_do_no_harm(grey: Path, box: tuple[float, ...]) -> None:
    assert decoded(drawing(grey, NONE, box)).shape == (130, 260, 3)


def test_a_tiny_box_gets_a_ring(grey: Path) -> None:
    image = decoded(drawing(grey, NONE, (0.5, 0.5, 0.001, 0.001)))
    assert (image[:, :, 0] - image[:, :, 1] > 60).sum() > 60


def test_what_cannot_be_decoded_has_no_drawing(tmp_path: Path) -> None:
    assert drawing(tmp_path / "none.png", NONE) is None
