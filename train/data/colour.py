"""Changes of colour and light; boxes stay where they are."""

from functools import cache
from statistics import NormalDist

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

_MIDDLE = 127.5  # contrast stretches away from this grey
_CLAHE_LIMIT = (1.0, 4.0)  # clip limit in multiples of an even histogram
_CLAHE_TILES = (8, 8)


def random_hsv(
    image_hwc: NDArray[np.uint8], gains: tuple[float, float, float], rng: Generator
) -> NDArray[np.uint8]:
    """Hue, saturation and value multiplied by 1 + U(-1, 1) * gain, through look-up tables."""
    factors = rng.uniform(-1, 1, 3) * gains + 1
    steps = np.arange(256, dtype=np.float64)
    tables = [(steps * factors[0]) % 180, *np.clip(steps * factors[1:, None], 0, 255)]
    planes = list(cv2.split(cv2.cvtColor(image_hwc, cv2.COLOR_RGB2HSV)))
    for plane, table in zip(planes, tables, strict=True):
        cv2.LUT(plane, table.astype(np.uint8), dst=plane)
    return np.asarray(cv2.cvtColor(cv2.merge(planes), cv2.COLOR_HSV2RGB), dtype=np.uint8)


def random_brightness_contrast(
    image_hwc: NDArray[np.uint8], brightness: float, contrast: float, rng: Generator
) -> NDArray[np.uint8]:
    """Contrast changed by U(-1, 1) * `contrast`, then U(-1, 1) * `brightness` of white added."""
    light, stretch = rng.uniform(-1, 1, 2) * (brightness, contrast)
    steps = np.arange(256, dtype=np.float64)
    table = (steps - _MIDDLE) * (1 + stretch) + _MIDDLE + 255 * light
    rounded = np.clip(np.rint(table), 0, 255).astype(np.uint8)
    return np.asarray(cv2.LUT(image_hwc, rounded), dtype=np.uint8)


def random_clahe(image_hwc: NDArray[np.uint8], rng: Generator) -> NDArray[np.uint8]:
    """Contrast of the luma equalised within tiles (CLAHE), with a clip limit from U(1, 4).

    Source: K. Zuiderveld, Contrast Limited Adaptive Histogram Equalization, Graphics Gems IV, 1994.
    """
    equaliser = cv2.createCLAHE(float(rng.uniform(*_CLAHE_LIMIT)), _CLAHE_TILES)
    planes = list(cv2.split(cv2.cvtColor(image_hwc, cv2.COLOR_RGB2YCrCb)))
    planes[0] = equaliser.apply(planes[0])
    return np.asarray(cv2.cvtColor(cv2.merge(planes), cv2.COLOR_YCrCb2RGB), dtype=np.uint8)


def random_noise(image_hwc: NDArray[np.uint8], levels: float, rng: Generator) -> NDArray[np.uint8]:
    """Gaussian noise on every channel, with a standard deviation from U(0, `levels`) of 255."""
    deviation = float(rng.uniform(0, levels))
    table = np.rint(_normal_quantiles() * deviation).astype(np.int16)
    # a random byte looked up among the quantiles: ten times as fast as normal numbers
    ranks = rng.integers(0, 256, image_hwc.shape, dtype=np.uint8)
    noisy = cv2.add(image_hwc, cv2.LUT(ranks, table), dtype=cv2.CV_8U)
    return np.asarray(noisy, dtype=np.uint8)


@cache
def _normal_quantiles() -> NDArray[np.float64]:
    """The middles (256,) of 256 equally likely slices of the normal distribution."""
    normal = NormalDist()
    return np.array([normal.inv_cdf((rank + 0.5) / 256) for rank in range(256)])
