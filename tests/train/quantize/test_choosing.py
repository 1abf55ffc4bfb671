"""Sets of files on disk, spoilt on purpose, through every check."""

import logging
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from edgedet.errors import DataError
from edgedet.manifest import Bundle
from train.data.dataset import Sample, read_data_yaml
from train.quantize.choosing import choose_pictures
from train.quantize.progress import silent


@pytest.fixture
def splits(data: Path) -> tuple[list[Sample], list[Sample]]:
    spec = read_data_yaml(data)
    return spec.samples("train"), spec.samples("val")


def _spoilt(
    samples: list[Sample], folder: Path, spoil: Callable[[NDArray[np.uint8]], NDArray[np.uint8]]
) -> list[Sample]:
    made = []
    for sample in samples:
        path = folder / sample.path.name
        cv2.imwrite(str(path), spoil(sample.load()[..., ::-1]))
        made.append(Sample(path, sample.labels))
    return made


def _thumbnail(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.asarray(cv2.resize(image, (16, 16)), dtype=np.uint8)


def test_sound_pictures_are_all_kept(
    floats: Bundle, splits: tuple[list[Sample], list[Sample]]
) -> None:
    train, val = splits
    assert choose_pictures(floats, train, val, 512, silent) == train


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda image: (image / 255).astype(np.uint8) + (image > 200), "divided by 255"),
        (lambda image: np.full_like(image, 114), "blank"),
        (lambda image: (image // 16).astype(np.uint8), "nearly black"),
        (_thumbnail, "16 px on their long side"),
    ],
    ids=["range", "blank", "dark", "size"],
)
def test_a_spoilt_set_is_refused_in_one_line(
    floats: Bundle,
    splits: tuple[list[Sample], list[Sample]],
    tmp_path: Path,
    spoil: Callable[[NDArray[np.uint8]], NDArray[np.uint8]],
    told: str,
) -> None:
    train, val = splits
    spoilt = _spoilt(train, tmp_path, spoil)
    with pytest.raises(DataError, match=told) as refused:
        choose_pictures(floats, spoilt, val, 512, silent)
    message = str(refused.value)
    assert message.startswith("refused to calibrate: ")
    assert message.endswith("If this is as it should be, give --force")
    assert "\n" not in message


def test_force_goes_on_with_what_can_be_used(
    floats: Bundle,
    splits: tuple[list[Sample], list[Sample]],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    train, val = splits
    small = _spoilt(
        train, tmp_path, lambda image: np.asarray(cv2.resize(image, (16, 16)), np.uint8)
    )
    with caplog.at_level(logging.WARNING):
        assert choose_pictures(floats, small, val, 512, silent, force=True) == small
    assert "--force: going on" in caplog.text
    with pytest.raises(DataError, match="held-out split"):  # none is left
        choose_pictures(floats, val, val, 512, silent, force=True)


def test_the_held_out_split_is_no_calibration_set(
    floats: Bundle, splits: tuple[list[Sample], list[Sample]]
) -> None:
    _, val = splits
    with pytest.raises(DataError, match="10 of 10 calibration pictures are pictures of the held"):
        choose_pictures(floats, val, val, 512, silent)
