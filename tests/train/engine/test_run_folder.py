"""The folder of a run: what may be used, and files that are whole or not there."""

import csv
import os
from pathlib import Path

import pytest

from edgedet.errors import UsageError
from train.engine.run_folder import COLUMNS, EpochResult, RunFolder


def row(epoch: int, ap: float | None = 0.25) -> EpochResult:
    ap50 = None if ap is None else 2 * ap
    return EpochResult(epoch, 12.5, ap50, ap, 0.1, 0.2, 0.0, 0.3, 0.001, 416, 100, 8.0)


def read(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


def test_makes_the_folder_and_leaves_nothing_in_it(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "a" / "run", resume=False)

    assert list(folder.folder.iterdir()) == []


def test_results_have_a_row_an_epoch_in_the_promised_columns(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run", resume=False)
    folder.write_results([row(0, ap=None), row(1)])
    rows = read(folder.results)

    assert tuple(rows[0]) == COLUMNS
    assert COLUMNS[:4] == ("epoch", "images_per_s", "ap50", "ap")
    assert [(each["epoch"], each["ap50"], each["ap"]) for each in rows] == [
        ("0", "", ""),
        ("1", "0.5", "0.25"),
    ]


def test_results_are_replaced_whole(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run", resume=False)
    folder.write_results([row(0), row(1)])
    folder.write_results([row(0), row(1), row(2)])

    assert [each["epoch"] for each in read(folder.results)] == ["0", "1", "2"]
    assert [path.name for path in folder.folder.iterdir()] == ["results.csv"]


def test_a_run_wants_a_folder_and_no_file(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()

    with pytest.raises(UsageError, match=r"notes.txt is a file; choose another --out"):
        RunFolder(tmp_path / "notes.txt", resume=False)


def test_a_new_run_wants_an_empty_folder(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()

    with pytest.raises(UsageError, match=r"is not empty; choose another --out, or .* --resume"):
        RunFolder(tmp_path, resume=False)


@pytest.mark.parametrize("left", ["recipe.yaml", "last.pt"])
def test_a_resumed_run_wants_a_folder_in_which_one_was_started(tmp_path: Path, left: str) -> None:
    with pytest.raises(UsageError, match=r"no run was started in .*; start without --resume"):
        RunFolder(tmp_path, resume=True)
    (tmp_path / left).touch()
    assert RunFolder(tmp_path, resume=True).folder == tmp_path


def test_a_file_in_the_place_of_the_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(UsageError, match="cannot write run folder"):
        RunFolder(tmp_path / "file" / "run", resume=False)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission_is_told(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)

    with pytest.raises(UsageError, match="cannot write run folder"):
        RunFolder(tmp_path / "run", resume=False)
