"""What a calibration picture looks like, in a few numbers, and what is wrong with it alone."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from edgedet.errors import DataError
from train.evaluate import EvaluationSample

_DIVIDED = 2  # a picture of shares, saved as bytes, has the values 0 and 1
_DARK = 16  # of 255
_BRIGHTEST = 99.0  # percent of a picture that a dark one stays below
_BLANK_DEVIATION = 2.0
_STEP = 4  # each fourth pixel of each fourth row tells as much

# by kind: what is wrong, as it is told
FAULTS = {
    "undecodable": "cannot be decoded",
    "divided": "hold values of 0 to 2 only: they were divided by 255 before they were saved",
    "blank": "are blank: one colour, no picture",
    "dark": f"are nearly black: 99 % of each is below {_DARK} of 255",
    "twice": "are exact copies of others",
    "held-out": "are pictures of the held-out split too",
}


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """A picture: its file's digest, size, mean colour (R, G, B), and its fault; empty: none."""

    sample: EvaluationSample
    digest: bytes
    wh: tuple[int, int]
    mean_rgb: tuple[float, float, float]
    fault: str


def look_at(
    samples: Iterable[EvaluationSample], on_picture: Callable[[], None] | None = None
) -> Iterator[Look]:
    """Read pictures one after the other; those that cannot be read have that fault."""
    for sample in samples:
        yield _look(sample)
        if on_picture is not None:
            on_picture()


def digest_of(sample: EvaluationSample) -> bytes:
    """SHA-256 of the picture's file; empty if it cannot be read."""
    try:
        return hashlib.sha256(sample.path.read_bytes()).digest()
    except OSError:
        return b""


def _look(sample: EvaluationSample) -> Look:
    digest = digest_of(sample)
    try:
        image = sample.load()
    except DataError:
        return Look(sample, digest, (0, 0), (0.0, 0.0, 0.0), "undecodable")
    pixels = image[::_STEP, ::_STEP].reshape(-1, 3)
    red, green, blue = pixels.mean(axis=0).tolist()
    fault = ""
    if 0 < int(image.max()) <= _DIVIDED:
        fault = "divided"
    elif float(pixels.std(axis=0).max()) < _BLANK_DEVIATION:
        fault = "blank"
    elif float(np.percentile(pixels, _BRIGHTEST)) < _DARK:
        fault = "dark"
    return Look(sample, digest, (image.shape[1], image.shape[0]), (red, green, blue), fault)
