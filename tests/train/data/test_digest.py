"""The id of a set: the same for the same files, wherever they lie."""

import os
from pathlib import Path

import pytest

from edgedet.errors import DataError
from train.data.digest import label_texts, picture_digests, set_id


def old(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    os.utime(path, ns=(0, 1_600_000_000_000_000_000))
    return path


def test_a_table_changes_no_digest(tmp_path: Path) -> None:
    paths = [old(tmp_path / f"{n}.png", bytes([n]) * n) for n in range(20)]
    without = picture_digests(paths, None, "train")
    first, second = (picture_digests(paths, tmp_path, "train") for _ in range(2))

    assert without == first == second
    assert (tmp_path / "digests-train.npz").is_file()


def test_a_changed_picture_changes_its_digest(tmp_path: Path) -> None:
    path = old(tmp_path / "a.png", b"1")
    before = picture_digests([path], tmp_path, "train")
    old(path, b"2")

    assert picture_digests([path], tmp_path, "train") != before


def test_a_missing_label_file_is_empty_and_a_missing_picture_refused(tmp_path: Path) -> None:
    there = old(tmp_path / "a.txt", b"0 0.5 0.5 1 1\n")

    assert label_texts([there, tmp_path / "b.txt"], tmp_path, "x") == [b"0 0.5 0.5 1 1\n", b""]
    with pytest.raises(DataError, match=r"b\.png is not there any more"):
        picture_digests([tmp_path / "b.png"], tmp_path, "x")


def test_the_id_does_not_depend_on_the_order_in_which_pictures_come() -> None:
    pictures = [("1.png", b"a" * 32, b""), ("2.png", b"b" * 32, b"0 1 1 1 1\n")]
    first = set_id(["person"], [("train", pictures)])

    assert set_id(["person"], [("train", pictures[::-1])]) == first
    assert set_id(["man"], [("train", pictures)]) != first
    assert set_id(["person"], [("val", pictures)]) != first


def test_the_id_stays_what_it_was_in_earlier_versions() -> None:
    pictures = [("1.png", bytes(32), b"0 0.5 0.5 1 1\n")]

    assert set_id(["person"], [("train", pictures)]) == (
        "16a10ceaf81d17d0d373467aabb6c4aee9e753641d9f33284ee20142e496ed2f"
    )
