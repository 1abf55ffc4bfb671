"""Pictures and rows agree, within the quota, whatever is cut off or taken away."""

from pathlib import Path

import pytest

from edgedet.errors import SampleError
from edgedet.sample.base import State
from edgedet.sample.layout import files_of
from edgedet.sample.store import DROPPED, FRAMES, Reconciled, SampleFiles, SampleStore
from tests.sample.fakes import MIB, keep, sample, store_in


def files(store: SampleStore) -> list[str]:
    return sorted(p.name for p in (store._folder / FRAMES).rglob("*") if p.is_file())


def test_a_kept_sample_has_its_files_and_its_row(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    kept = keep(store, 1)

    assert files(store) == ["gate-0001.jpg", "gate-0001.json"]
    assert store.ledger.get(kept.id) == kept
    assert kept.place == "frames/gate/gate-0001.jpg"
    path = store.path_of(kept)
    assert path is not None
    assert path.read_bytes()[:4] == (1).to_bytes(4, "big")
    assert store.reconcile().is_clean


def test_what_cannot_be_paid_is_not_kept(tmp_path: Path) -> None:
    store = store_in(tmp_path)

    def refuse() -> None:
        msg = "no money"
        raise SampleError(msg)

    with pytest.raises(SampleError, match="no money"):
        store.keep(sample(1), SampleFiles(b"picture", "{}"), refuse)

    assert store.ledger.samples() == []
    assert store.reconcile() == Reconciled(strays=2)
    assert files(store) == []


def test_the_oldest_makes_way_and_is_counted(tmp_path: Path) -> None:
    store = store_in(tmp_path, quota_mib=1)
    for number in range(10):
        keep(store, number, size=200_000)

    stored = [each.seq for each in store.ledger.with_file()]
    assert stored == [5, 6, 7, 8, 9]
    assert store.ledger.stored_bytes() <= MIB
    assert store.ledger.counters() == {"kept": 10, "refused": 5, DROPPED: 5}
    dropped = store.ledger.get("gate-0000")
    assert dropped is not None
    assert (dropped.state, dropped.place) == (State.REFUSED, None)
    assert dropped.reason.startswith("dropped")
    on_disk = sum(p.stat().st_size for p in tmp_path.rglob("*.jp*"))
    assert on_disk <= MIB
    assert store.reconcile().is_clean


def test_a_full_disk_keeps_what_is_there_and_says_so(tmp_path: Path) -> None:
    store = store_in(tmp_path, reserve_mib=100, free_mib=101)
    keep(store, 1, size=100_000)
    with pytest.raises(SampleError, match="no room for"):
        keep(store, 2, size=3 * MIB)

    assert [each.seq for each in store.ledger.samples([State.APPROVED])] == [1]
    assert store.reconcile().is_clean


def test_a_refused_sample_loses_its_picture_and_keeps_its_row(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    kept = keep(store, 1)

    assert store.refuse(kept, "not interesting")
    assert not store.refuse(kept, "twice")

    assert files(store) == []
    found = store.ledger.get(kept.id)
    assert found is not None
    assert (found.state, found.reason, found.place) == (State.REFUSED, "not interesting", None)


def test_a_moved_picture_counts_until_it_is_taken_away(tmp_path: Path) -> None:
    store = store_in(tmp_path / "store")
    kept = keep(store, 1)
    other = tmp_path / "out" / "images" / "gate" / "gate-0001.jpg"
    other.parent.mkdir(parents=True)
    other.write_bytes(b"picture")

    assert store.move(kept, other, (State.APPROVED,), State.DONE)
    assert not store.move(kept, None, (State.APPROVED,), State.DONE)

    assert files(store) == []
    assert store.ledger.stored_bytes() == kept.disk_bytes
    other.unlink()
    assert store.reconcile() == Reconciled(taken=1)
    assert store.ledger.stored_bytes() == 0
    assert store.reconcile().is_clean


def test_reconcile_mends_what_a_kill_or_a_person_left(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    kept = [keep(store, number) for number in range(3)]
    path = store.path_of(kept[0])
    assert path is not None
    path.unlink()
    (path.parent / ".gate-0009-x7f").write_bytes(b"half")
    (path.parent / "gate-0009.jpg").write_bytes(b"without a row")

    assert store.reconcile() == Reconciled(strays=3, lost=1)  # the facts of the lost one, too

    assert len(files(store)) == 4
    lost = store.ledger.get(kept[0].id)
    assert lost is not None
    assert (lost.state, lost.reason) == (State.REFUSED, "its picture is gone")
    assert store.reconcile().is_clean


def test_purging_removes_row_and_files(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    for number in range(2):
        store.purge(keep(store, number))

    assert store.ledger.samples() == []
    assert files(store) == []


def test_a_folder_that_is_moved_is_found_again(tmp_path: Path) -> None:
    store = store_in(tmp_path / "a")
    kept = keep(store, 1)
    store.ledger.close()
    (tmp_path / "a").rename(tmp_path / "b")

    moved = store_in(tmp_path / "b")

    assert moved.reconcile().is_clean
    path = moved.path_of(kept)
    assert path is not None
    assert all(each.is_file() for each in files_of(path)[:2])


def test_a_rejected_picture_makes_way_and_is_no_loss(tmp_path: Path) -> None:
    store = store_in(tmp_path, quota_mib=1)
    for number in range(5):
        keep(store, number, size=200_000)
    store.ledger.change("gate-0003", (State.APPROVED,), state=State.REFUSED)
    keep(store, 5, size=200_000)

    assert [each.seq for each in store.ledger.with_file()] == [0, 1, 2, 4, 5]
    assert store.ledger.counters().get(DROPPED, 0) == 0
