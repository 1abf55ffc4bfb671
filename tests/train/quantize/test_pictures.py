from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgedet.vision import letterbox
from train.quantize.pictures import letterboxed, spread


@dataclass(frozen=True)
class Grey:
    level: int
    path: Path = Path("grey.png")

    @property
    def labels(self) -> NDArray[np.float32]:
        return np.zeros((0, 5), np.float32)

    def load(self) -> NDArray[np.uint8]:
        return np.full((40, 80, 3), self.level, dtype=np.uint8)


def test_spread_takes_both_ends_and_what_lies_between() -> None:
    items = list(range(100))
    assert spread(items, 5) == [0, 25, 50, 74, 99]
    assert spread(items, 5) == spread(items, 5)
    assert len(set(spread(items, 64))) == 64
    assert spread(items, 200) == items
    assert spread(items, 1) == [50]
    assert spread([], 3) == []


def test_pictures_are_letterboxed_as_on_the_device() -> None:
    samples = [Grey(level) for level in (10, 20, 30)]
    batches = list(letterboxed(samples, (64, 64), batch_size=2))
    assert [batch.shape for batch in batches] == [(2, 64, 64, 3), (1, 64, 64, 3)]
    assert np.array_equal(batches[1][0], letterbox(samples[2].load(), (64, 64))[0])
    assert batches[0][0, 0, 0].tolist() == [114, 114, 114]
