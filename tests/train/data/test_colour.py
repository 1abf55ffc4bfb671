"""Colour and light: what changes, by how much, and what does not."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.random import Generator, default_rng

from train.data.colour import (
    random_brightness_contrast,
    random_clahe,
    random_hsv,
    random_noise,
)


def noise(side: int = 24) -> np.ndarray:
    return default_rng(0).integers(0, 256, (side, side, 3), dtype=np.uint8)


def flat(value: int, side: int = 96) -> np.ndarray:
    return np.full((side, side, 3), value, dtype=np.uint8)


def test_hsv_without_gain_changes_next_to_nothing() -> None:
    same = random_hsv(noise(), (0.0, 0.0, 0.0), default_rng(1))
    assert np.abs(same.astype(int) - noise()).max() <= 6  # 8-bit hue has 180 steps


@pytest.mark.parametrize("channel", [0, 1, 2])
def test_each_gain_changes_its_own_channel(channel: int) -> None:
    gains = [0.0, 0.0, 0.0]
    gains[channel] = 0.5
    image = np.full((8, 8, 3), (200, 120, 60), dtype=np.uint8)
    before = cv2.cvtColor(image, cv2.COLOR_RGB2HSV)[0, 0].astype(int)

    changed = random_hsv(image, (gains[0], gains[1], gains[2]), default_rng(3))

    after = cv2.cvtColor(changed, cv2.COLOR_RGB2HSV)[0, 0].astype(int)
    moved = np.abs(after - before) > 3
    assert moved.tolist() == [number == channel for number in range(3)]


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_brightness_moves_grey_and_contrast_spreads_it(seed: int) -> None:
    lighter = random_brightness_contrast(flat(100, 4), 0.2, 0.0, default_rng(seed))
    assert abs(int(lighter[0, 0, 0]) - 100) <= 51
    steps = np.stack([flat(60, 4), flat(195, 4)])
    spread = random_brightness_contrast(steps.reshape(8, 4, 3), 0.0, 0.5, default_rng(seed))
    low, high = int(spread[0, 0, 0]), int(spread[-1, 0, 0])
    assert abs((low + high) / 2 - 127.5) <= 1
    assert 0.5 * 135 - 1 <= high - low <= 1.5 * 135 + 1


def test_no_brightness_and_contrast_leave_the_picture() -> None:
    assert np.array_equal(random_brightness_contrast(noise(), 0, 0, default_rng(0)), noise())


def test_noise_is_normal_with_the_drawn_deviation() -> None:
    deviation = default_rng(5).uniform(0, 20)

    noisy = random_noise(flat(128, 200), 20.0, default_rng(5))

    off = noisy.astype(float) - 128
    assert abs(off.mean()) < 0.2
    # 256 quantiles end at 2.9 deviations and are rounded to whole levels: 1 % less than continuous
    assert off.std() == pytest.approx(deviation, rel=0.03)
    within = (np.abs(off) < deviation).mean()
    assert within == pytest.approx(0.683, abs=0.03)
    channels = off.reshape(-1, 3)
    assert abs(np.corrcoef(channels.T)[0, 1]) < 0.03


def test_noise_stops_at_black_and_white() -> None:
    assert random_noise(flat(255), 20.0, default_rng(5)).min() > 150
    assert random_noise(flat(0), 20.0, default_rng(5)).max() < 100


def test_clahe_spreads_flat_light_and_keeps_colours() -> None:
    ramp = np.linspace(100, 130, 96).astype(np.uint8)
    image = np.dstack([np.tile(ramp, (96, 1))] * 3)

    clear = random_clahe(image, default_rng(0))

    assert clear.std() > 1.2 * image.std()
    assert np.abs(clear.astype(int) - clear[..., :1]).max() <= 2  # grey stays grey


@pytest.mark.parametrize("seed", range(3))
def test_the_same_numbers_give_the_same_picture_and_leave_the_input(seed: int) -> None:
    image = noise()
    changes: list[Callable[[Generator], np.ndarray]] = [
        lambda rng: random_hsv(image, (0.1, 0.5, 0.5), rng),
        lambda rng: random_brightness_contrast(image, 0.3, 0.3, rng),
        lambda rng: random_clahe(image, rng),
        lambda rng: random_noise(image, 20.0, rng),
    ]
    for change in changes:
        first, second = change(default_rng(seed)), change(default_rng(seed))
        assert np.array_equal(first, second)
        assert not np.array_equal(first, image)
        assert first.dtype == np.uint8
    assert np.array_equal(image, noise())
