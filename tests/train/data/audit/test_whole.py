"""Files that end too early are told from whole ones, whatever is in them."""

import cv2
import numpy as np
import pytest

from train.data.audit.whole import fault_of

IMAGE = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)


def encoded(suffix: str) -> bytes:
    return cv2.imencode(suffix, IMAGE)[1].tobytes()


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".bmp", ".tif"])
def test_a_whole_file_has_no_fault(suffix: str) -> None:
    assert fault_of(encoded(suffix)) == ""
    assert fault_of(encoded(suffix) + b"\0trailing") == ""


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".bmp"])
@pytest.mark.parametrize("kept", [0.05, 0.5, 0.99])
def test_a_file_cut_short_is_told(suffix: str, kept: float) -> None:
    content = encoded(suffix)

    assert "too early" in fault_of(content[: int(len(content) * kept)])


def test_the_end_of_an_embedded_thumbnail_is_not_the_end() -> None:
    content = encoded(".jpg")
    thumbnail = b"Exif\0\0" + content
    segment = b"\xff\xe1" + (len(thumbnail) + 2).to_bytes(2, "big") + thumbnail
    whole = content[:2] + segment + content[2:]

    assert fault_of(whole) == ""
    assert fault_of(whole[:-60]) == "the JPEG ends too early"


def test_a_progressive_jpeg_is_whole() -> None:
    content = cv2.imencode(".jpg", IMAGE, [cv2.IMWRITE_JPEG_PROGRESSIVE, 1])[1].tobytes()

    assert fault_of(content) == ""


def test_a_changed_byte_of_a_png_is_told() -> None:
    content = bytearray(encoded(".png"))
    content[len(content) // 2] ^= 1

    assert fault_of(bytes(content)) == "the PNG is damaged (checksum of IDAT)"
