"""How far a spool may grow depends on what its disk has left."""

import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from edgedet.publish.spool.room import Room, journal_pages

MIB = 1024 * 1024


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    figures = SimpleNamespace(total=64 * MIB, free=32 * MIB)
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: figures)
    return figures


def test_it_may_grow_while_there_is_room_and_keeps_its_size_when_there_is_none(
    disk: SimpleNamespace, tmp_path: Path
) -> None:
    room = Room(tmp_path, 20 * MIB)
    assert room.limit(5 * MIB) >= 5 * MIB
    assert room.limit(25 * MIB) == 20 * MIB

    room.limit(6 * MIB)
    disk.free = 7 * MIB
    assert room.limit(7 * MIB) == 6 * MIB
    disk.free = 0
    assert room.limit(7 * MIB) == 6 * MIB  # what is there stays

    disk.free = 9 * MIB
    assert room.limit(6 * MIB) >= 6 * MIB


def test_on_a_disk_that_was_nearly_full_before_half_of_the_rest_is_taken(
    disk: SimpleNamespace, tmp_path: Path
) -> None:
    disk.free = 2 * MIB
    room = Room(tmp_path, 20 * MIB)

    assert room.limit(MIB) == 2 * MIB
    assert room.limit(3 * MIB) == 2 * MIB


def test_a_disk_that_cannot_be_looked_at_limits_nothing(tmp_path: Path) -> None:
    assert Room(tmp_path / "nowhere", MIB).limit(0) == MIB
    assert journal_pages(tmp_path / "nowhere") == 1000


@pytest.mark.parametrize(("total_mib", "pages"), [(1, 32), (64, 256), (100_000, 1000)])
def test_the_journal_is_short_on_a_small_disk(
    disk: SimpleNamespace, tmp_path: Path, total_mib: int, pages: int
) -> None:
    disk.total = total_mib * MIB

    assert journal_pages(tmp_path) == pages
