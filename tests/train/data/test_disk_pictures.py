"""Decoded pictures on disk: keyed by content, bounded, and no harm when the disk is full."""

import os
from collections import namedtuple
from pathlib import Path

import numpy as np
import pytest

from train.data.disk_pictures import FOLDER, DiskPictures

KEYS = [bytes([n]) * 32 for n in range(4)]
SIZE_BYTES = 4 * 6 * 3 + 128


def image(value: int) -> np.ndarray:
    return np.full((4, 6, 3), value, dtype=np.uint8)


def files(folder: Path) -> list[Path]:
    return sorted((folder / FOLDER).rglob("*.npy"))


def test_gives_back_what_was_written_in_another_process_too(tmp_path: Path) -> None:
    first = DiskPictures(tmp_path, KEYS, 64, 1 << 20)
    assert first.missing() == [0, 1, 2, 3]
    assert first.write(2, image(7))
    second = DiskPictures(tmp_path, KEYS, 64, 1 << 20)

    assert second.missing() == [0, 1, 3]
    found = second.read(2)
    assert found is not None
    assert np.array_equal(found, image(7))
    assert second.read(0) is None


def test_another_size_or_content_is_another_picture(tmp_path: Path) -> None:
    DiskPictures(tmp_path, KEYS, 64, 1 << 20).write(0, image(7))

    assert DiskPictures(tmp_path, KEYS, 32, 1 << 20).read(0) is None
    assert DiskPictures(tmp_path, KEYS[1:], 64, 1 << 20).read(0) is None


@pytest.mark.parametrize("keep", [0, 5, 100, -1])
def test_a_damaged_file_is_dropped(tmp_path: Path, keep: int) -> None:
    store = DiskPictures(tmp_path, KEYS, 64, 1 << 20)
    store.write(0, image(7))
    (path,) = files(tmp_path)
    path.write_bytes(path.read_bytes()[:keep])

    assert store.read(0) is None
    assert not path.exists()


def test_stops_at_its_limit(tmp_path: Path) -> None:
    store = DiskPictures(tmp_path, KEYS, 64, 2 * SIZE_BYTES)

    assert [store.write(index, image(index)) for index in range(3)] == [True, True, False]
    assert len(files(tmp_path)) == 2


def test_pictures_of_other_runs_make_way_the_oldest_first(tmp_path: Path) -> None:
    before = DiskPictures(tmp_path, KEYS[:2], 64, 1 << 20)
    for index in range(2):
        before.write(index, image(index))
        os.utime(before._path(before._names[index]), (index, index))
    now = DiskPictures(tmp_path, KEYS[2:], 64, 2 * SIZE_BYTES)

    assert now.write(0, image(9))
    assert before.read(0) is None
    assert before.read(1) is not None


def test_a_full_disk_is_told_and_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    usage = namedtuple("usage", "total used free")  # noqa: PYI024 - what shutil gives
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage(1, 1, 1 << 20))

    assert not DiskPictures(tmp_path, KEYS, 64, 1 << 20).write(0, image(1))
    assert "has 1 MiB left" in caplog.text
    assert files(tmp_path) == []


def test_a_write_that_fails_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("numpy.save", fail)

    assert not DiskPictures(tmp_path, KEYS, 64, 1 << 20).write(0, image(1))
    assert "No space left on device" in caplog.text
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
