"""The store of decoded pictures."""

from pathlib import Path

import numpy as np
import pytest

from train.data.dataset import Sample
from train.data.store import PictureStore


class NoiseSample(Sample):
    """A picture made of noise, so that no file is needed."""

    def load(self) -> np.ndarray:
        seed = int(self.path.stem)
        return np.random.default_rng(seed).integers(0, 256, (48, 64, 3), dtype=np.uint8)


@pytest.fixture
def store() -> PictureStore:
    labels = np.array([[0, 0.5, 0.5, 0.4, 0.4]], dtype=np.float32)
    return PictureStore([NoiseSample(Path(f"{n}.png"), labels) for n in range(10)], 64)


def test_store_keeps_no_more_than_the_limit(store: PictureStore) -> None:
    store.preload(limit_bytes=2 * 48 * 64 * 3)
    assert len(store._pictures) == 3
    assert store.get(9).image_hwc.shape == (48, 64, 3)
