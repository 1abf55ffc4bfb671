"""Small versions of pictures: the same for copies, not for another moment."""

import cv2
import numpy as np
import pytest

from train.data.likeness import (
    alike_pairs,
    difference_hash,
    look_the_same,
    miniature,
    source_stem,
)


@pytest.fixture
def scene() -> np.ndarray:
    rng = np.random.default_rng(3)
    return cv2.resize(rng.integers(0, 256, (9, 12, 3), dtype=np.uint8), (320, 240))


def saved_anew(image: np.ndarray, quality: int) -> np.ndarray:
    content = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    decoded = cv2.imdecode(content, cv2.IMREAD_COLOR)
    assert decoded is not None
    return decoded


@pytest.mark.parametrize("change", ["saved", "resized", "brighter"])
def test_a_copy_looks_the_same(scene: np.ndarray, change: str) -> None:
    copies = {
        "saved": saved_anew(scene, 60),
        "resized": cv2.resize(scene, (160, 120), interpolation=cv2.INTER_AREA),
        "brighter": cv2.convertScaleAbs(scene, alpha=1.0, beta=4),
    }
    first, second = miniature(scene), miniature(copies[change])

    assert look_the_same(first, second)
    assert (difference_hash(first) ^ difference_hash(second)).bit_count() <= 6


def test_somebody_who_walks_makes_another_picture(scene: np.ndarray) -> None:
    there, gone = scene.copy(), scene.copy()
    there[100:150, 100:120] = 0
    gone[100:150, 140:160] = 0

    assert not look_the_same(miniature(there), miniature(gone))


def test_many_at_once(scene: np.ndarray) -> None:
    first = np.stack([miniature(scene), miniature(scene)])
    second = np.stack([miniature(scene), miniature(255 - scene)])

    assert look_the_same(first, second).tolist() == [True, False]


@pytest.mark.parametrize(
    ("stem", "source"),
    [("a_jpg.rf.0aF9", "a"), ("a.png.rf.12", "a"), ("a_jpg", "a_jpg"), ("x.rf.1", "x.rf.1")],
)
def test_the_source_of_a_version(stem: str, source: str) -> None:
    assert source_stem(stem) == source


def test_every_alike_pair_is_found_and_no_other() -> None:
    rng = np.random.default_rng(5)
    first = rng.integers(0, 256, (40, 32, 32), dtype=np.uint8)
    second = rng.integers(0, 256, (60, 32, 32), dtype=np.uint8)
    second[7] = np.clip(first[3].astype(int) + 5, 0, 255)  # brighter
    second[50] = first[3]
    second[59] = first[39]
    second[8] = first[20]
    second[8, 4, 4] ^= 128  # one cell is another

    assert alike_pairs(first, second) == [(3, 7), (3, 50), (39, 59)]
    assert alike_pairs(first[:0], second) == []
    assert alike_pairs(first, second[:0]) == []
