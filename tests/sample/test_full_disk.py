"""A disk that is full to the last byte: nothing is lost or broken, and it goes on later."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from edgedet.errors import SampleError
from edgedet.sample.base import State
from edgedet.sample.ledger import Ledger
from edgedet.sample.store import SampleFiles, SampleStore, Space
from edgedet.sim.disk import SmallDisk
from tests.sample.fakes import MIB, nothing, sample
from tests.small_disks import small_disk


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with small_disk(tmp_path / "disk", 4) as small:
        yield small


def store_on(disk: SmallDisk, reserve_bytes: int = 0) -> SampleStore:
    return SampleStore(disk.folder, Ledger(disk.folder), Space(64 * MIB, reserve_bytes))


def files(number: int, size: int = 100_000) -> SampleFiles:
    rng = np.random.default_rng(number)
    return SampleFiles(rng.integers(0, 256, size, dtype=np.uint8).tobytes(), "{}")


def test_what_does_not_fit_leaves_nothing_and_what_is_there_stays(disk: SmallDisk) -> None:
    store = store_on(disk)
    kept = store.keep(sample(0), files(0), nothing)
    disk.fill()

    for number in range(1, 4):
        with pytest.raises(SampleError):
            store.keep(sample(number), files(number), nothing)
    path = store.path_of(kept)
    assert path is not None
    assert path.read_bytes() == files(0).picture

    disk.free()
    assert store.reconcile().lost == 0
    store.keep(sample(9), files(9), nothing)
    assert [each.seq for each in store.ledger.samples([State.APPROVED])] == [0, 9]
    assert store.reconcile().is_clean
    store.ledger.close()


def test_the_reserve_stays_free_as_the_oldest_makes_way(disk: SmallDisk) -> None:
    store = store_on(disk, reserve_bytes=MIB)
    for number in range(60):
        store.keep(sample(number), files(number), nothing)
        assert store._free_bytes(disk.folder) > MIB - 200_000  # the ledger takes some of it

    counters = store.ledger.counters()
    assert counters["kept"] == 60
    assert counters["dropped"] == 60 - len(store.ledger.with_file()) > 20
    store.ledger.close()
