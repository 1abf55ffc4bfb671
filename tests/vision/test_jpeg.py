"""A JPEG file fits its limit, shows the picture, and keeps its remark."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from edgedet.vision.jpeg import encode_jpeg


def _noise(height: int, width: int) -> NDArray[np.uint8]:
    return np.random.default_rng(1).integers(0, 256, (height, width, 3), dtype=np.uint8)


def _decode(data: bytes) -> NDArray[np.uint8]:
    image_bgr = np.asarray(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR))
    return np.asarray(cv2.cvtColor(image_bgr, cv2.COLOR_BGR2RGB), np.uint8)


def test_colours_and_size_are_those_of_the_picture() -> None:
    image = np.zeros((48, 64, 3), np.uint8)
    image[:, :32] = (200, 30, 30)

    jpeg = encode_jpeg(image, 100_000)

    shown = _decode(jpeg.data)
    assert (jpeg.width, jpeg.height) == (64, 48) == shown.shape[1::-1]
    assert np.abs(shown[24, 8].astype(int) - (200, 30, 30)).max() < 8  # JPEG's own loss


def test_picture_that_does_not_fit_becomes_smaller_in_its_shape() -> None:
    jpeg = encode_jpeg(_noise(540, 960), 20_000)

    shown = _decode(jpeg.data)
    assert len(jpeg.data) <= 20_000
    assert (jpeg.width, jpeg.height) == shown.shape[1::-1]
    assert 100 < jpeg.width < 960
    assert jpeg.width / jpeg.height == pytest.approx(16 / 9, rel=0.02)


def test_comment_stands_in_the_file_and_counts() -> None:
    image = _noise(48, 64)
    plain = encode_jpeg(image, 100_000)

    jpeg = encode_jpeg(image, 100_000, '{"id":"gate/7"}')

    assert b'{"id":"gate/7"}' in jpeg.data
    assert len(jpeg.data) == len(plain.data) + 15 + 4
    assert _decode(jpeg.data).shape == (48, 64, 3)


def test_limit_that_nothing_meets_is_refused() -> None:
    with pytest.raises(ValueError, match="fits into 100 bytes"):
        encode_jpeg(_noise(480, 640), 100)
