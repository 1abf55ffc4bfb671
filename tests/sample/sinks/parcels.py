"""A parcel to send: a sample whose picture is on disk."""

from pathlib import Path

import numpy as np

from edgedet.sample.base import Parcel
from edgedet.sample.picture import jpeg
from tests.sample.fakes import CLASSES, sample


def parcel(folder: Path, number: int = 0) -> Parcel:
    folder.mkdir(parents=True, exist_ok=True)
    image = np.random.default_rng(number).integers(0, 256, (48, 64, 3), dtype=np.uint8)
    made = sample(number)
    path = folder / f"{made.id}.jpg"
    path.write_bytes(jpeg(image, 95))
    return Parcel(made, path, "bench-gate-2026-05-04", CLASSES)
