"""Which pictures are alike: changes of light are nothing, another scene or object is."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from edgedet.frame import Frame, PixelFormat
from edgedet.sample.diversity import look_of
from edgedet.sample.likeness import HASH_BITS, Look, bits_of, perceptual_hash
from tests.sample.fakes import frame, proposals

DISTANCE = 32


def scenery(seed: int) -> NDArray[np.uint8]:
    """Something with structure of every size."""
    rng = np.random.default_rng(seed)
    image = np.zeros((240, 320, 3), dtype=np.float32)
    for cells in (3, 8, 20, 60):
        layer = rng.normal(0, 1, (cells, cells, 1)).astype(np.float32)
        image += cv2.resize(layer, (320, 240), interpolation=cv2.INTER_CUBIC)[..., None]
    low, high = image.min(), image.max()
    return np.asarray((image - low) / (high - low) * 200 + 20, dtype=np.uint8)


def look(image: NDArray[np.uint8], *rows: tuple[float, ...]) -> Look:
    return look_of(frame(image=image), proposals(*rows))


@given(st.integers(0, 1000), st.floats(0.7, 1.1), st.integers(-15, 15))
@settings(max_examples=20, deadline=None)
def test_light_and_noise_do_not_make_another_picture(seed: int, gain: float, lift: int) -> None:
    image = scenery(seed)
    noise = np.random.default_rng(seed + 1).normal(0, 4, image.shape)
    other = np.clip(image * gain + lift + noise, 0, 255).astype(np.uint8)

    assert look(image).is_like(look(other), DISTANCE)


@given(st.integers(0, 1000), st.integers(1001, 2000))
@settings(max_examples=20, deadline=None)
def test_another_scene_is_another_picture(one: int, other: int) -> None:
    assert not look(scenery(one)).is_like(look(scenery(other)), DISTANCE)


def test_another_object_or_place_is_another_picture() -> None:
    image = scenery(7)
    person = (100, 100, 140, 200, 0.9, 0)

    assert look(image, person).is_like(look(image, (102, 101, 143, 202, 0.6, 0)), DISTANCE)
    assert not look(image, person).is_like(look(image), DISTANCE)
    assert not look(image, person).is_like(look(image, (200, 100, 240, 200, 0.9, 0)), DISTANCE)
    assert not look(image, person).is_like(look(image, (100, 100, 140, 200, 0.9, 1)), DISTANCE)


def test_in_a_crowd_one_may_move_and_a_new_class_is_never_alike() -> None:
    image = scenery(8)
    crowd = [(40 * i, 50, 40 * i + 30, 150, 0.9, 0) for i in range(4)]
    away, car = (280, 50, 310, 150, 0.9, 0), (280, 50, 310, 150, 0.9, 1)

    assert look(image, *crowd).is_like(look(image, *crowd[:3], away), DISTANCE)
    assert not look(image, *crowd).is_like(look(image, *crowd[:2], away), DISTANCE)
    assert not look(image, *crowd).is_like(look(image, *crowd, car), DISTANCE)


def test_text_and_bits_say_the_same() -> None:
    found = look(scenery(3))

    assert len(found.text()) == HASH_BITS // 4
    assert np.array_equal(bits_of(found.text()), found.bits)


@pytest.mark.parametrize("pixel_format", [PixelFormat.RGB, PixelFormat.BGR, PixelFormat.RGBA])
def test_formats_of_one_picture_are_alike(pixel_format: PixelFormat) -> None:
    grey = scenery(5)[..., 0]
    planes = {PixelFormat.RGBA: 4}.get(pixel_format, 3)
    image = np.ascontiguousarray(np.repeat(grey[..., None], planes, axis=2))
    info = frame(image=image[..., :3]).info

    coloured = perceptual_hash(Frame(info, pixel_format, (image,)))
    plain = perceptual_hash(Frame(info, PixelFormat.GRAY8, (np.ascontiguousarray(grey),)))

    assert np.count_nonzero(coloured != plain) <= DISTANCE
