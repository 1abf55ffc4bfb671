"""Fixes: only safe ones, all written down, nothing deleted."""

import json
from pathlib import Path

import pytest

from edgedet.errors import DataError
from tests.train.data.audit.spoiled import GOOD, make_set, picture, save, spoil
from train.data.audit import Fix, apply_fixes, audit, plan_fixes


@pytest.fixture
def spoiled(tmp_path: Path) -> Path:
    return spoil(make_set(tmp_path))


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and ".edgedet-cache" not in path.parts
    }


def label(data: Path, name: str) -> str:
    return (data.parent / "labels" / "train" / f"{name}.txt").read_text(encoding="utf-8")


def mend(data: Path) -> tuple[list[Fix], list[str]]:
    report = audit(data, 640)
    fixes, left = plan_fixes(report)
    apply_fixes(report, fixes)
    return fixes, left


def test_planning_changes_nothing(spoiled: Path) -> None:
    before = contents(spoiled.parent)
    fixes, _ = plan_fixes(audit(spoiled, 640))

    assert fixes != []
    assert contents(spoiled.parent) == before


def test_rows_are_clipped_and_removed(spoiled: Path) -> None:
    _, left = mend(spoiled)

    assert label(spoiled, "rows3") == f"{GOOD}\n"
    assert label(spoiled, "rows4").splitlines() == [
        "0 0.985000 0.500000 0.030000 0.250000",
        "1 20 30 10 10",
        GOOD,
    ]
    assert label(spoiled, "rows5") == f"{GOOD}\n"
    assert label(spoiled, "boxes1") == f"{GOOD}\n"
    assert label(spoiled, "boxes4") != ""  # tiny, but perhaps meant
    assert len(left) == 1
    assert "rows4.txt:2: the box leaves the picture by far more than all of it" in left[0]


def test_corrupt_pictures_move_with_their_labels_and_nothing_is_lost(spoiled: Path) -> None:
    before = contents(spoiled.parent)
    mend(spoiled)
    after = contents(spoiled.parent)

    for name in ("cut <b>ü.jpg", "none.png"):
        stem = name.rpartition(".")[0]
        for path in (f"images/train/{name}", f"labels/train/{stem}.txt"):
            assert path not in after
            assert after[f"quarantine/{path}.corrupt"] == before[path]
    assert len(after) == len(before) + 1
    again = {found.kind for found in audit(spoiled, 640).findings}
    assert not again & {"corrupt-picture", "no-size", "repeated-row", "below-a-pixel"}


def test_the_journal_tells_every_change(spoiled: Path) -> None:
    fixes, _ = mend(spoiled)
    (entry,) = json.loads((spoiled.parent / "fixes.json").read_text(encoding="utf-8"))

    assert entry["state"] == "done"
    assert len(entry["fixes"]) == len(fixes)
    rows = [each for each in entry["fixes"] if each["path"].endswith("rows5.txt")]
    assert [(each["line"], each["before"], each["after"]) for each in rows] == [(2, GOOD, "")]


def test_a_second_run_finds_nothing_and_keeps_the_journal(spoiled: Path) -> None:
    mend(spoiled)
    save(spoiled.parent / "images" / "train" / "new.png", picture(300), f"{GOOD}\n{GOOD}")
    fixes, _ = mend(spoiled)
    entries = json.loads((spoiled.parent / "fixes.json").read_text(encoding="utf-8"))

    assert len(fixes) == 1
    assert [len(entry["fixes"]) > 1 for entry in entries] == [True, False]


def test_a_link_to_nowhere_moves_with_its_labels(tmp_path: Path) -> None:
    data = make_set(tmp_path)
    save(tmp_path / "images" / "train" / "x.png", picture(300)).unlink()
    (tmp_path / "images" / "train" / "x.png").symlink_to(tmp_path / "nowhere.png")
    mend(data)

    assert (tmp_path / "quarantine" / "images" / "train" / "x.png.corrupt").is_symlink()
    assert audit(data, 640).findings == []


def test_polygons_are_clipped_point_by_point(tmp_path: Path) -> None:
    data = make_set(tmp_path)
    rows = "0 -0.01 0.2 0.5 0.2 0.5 1.03"
    save(tmp_path / "images" / "train" / "x.png", picture(300), rows)
    mend(data)

    assert label(data, "x").split() == [
        "0", "0.000000", "0.200000", "0.500000", "0.200000", "0.500000", "1.000000"
    ]  # fmt: skip


def test_a_picture_that_a_list_names_is_left(tmp_path: Path) -> None:
    data = make_set(tmp_path)
    (tmp_path / "images" / "train" / "a.png").write_bytes(b"broken")
    (tmp_path / "list.txt").write_text("images/train/a.png\nimages/train/b.png\n", "utf-8")
    data.write_text("train: list.txt\nval: images/val\nnames: [man, dog]\n", encoding="utf-8")
    fixes, left = plan_fixes(audit(data, 640))

    assert fixes == []
    assert "remove its line in" in left[0]


def test_a_set_whose_split_is_the_whole_folder_forgets_what_was_moved(tmp_path: Path) -> None:
    data = make_set(tmp_path)
    data.write_text("train: .\nval: images/val\nnames: [man, dog]\n", encoding="utf-8")
    (tmp_path / "images" / "train" / "a.png").write_bytes(b"broken")
    mend(data)

    assert "corrupt-picture" not in {found.kind for found in audit(data, 640).findings}


def test_what_cannot_be_written_is_told_and_the_journal_says_begun(
    spoiled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(30, "Read-only file system", "x.png")

    report = audit(spoiled, 640)
    fixes, _ = plan_fixes(report)
    monkeypatch.setattr(Path, "rename", refuse)

    with pytest.raises(DataError, match=r"x\.png: Read-only file system; .*fixes\.json says"):
        apply_fixes(report, fixes)
    (entry,) = json.loads((spoiled.parent / "fixes.json").read_text(encoding="utf-8"))
    assert entry["state"] == "begun"


def test_a_set_on_a_disk_that_takes_nothing_is_left_alone(
    spoiled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, _: object) -> None:
        raise OSError(30, "Read-only file system", str(path))

    report = audit(spoiled, 640)
    before = contents(spoiled.parent)
    monkeypatch.setattr("train.data.audit.fix.write_text_atomically", refuse)

    with pytest.raises(DataError, match=r"fixes\.json: Read-only .*; nothing was changed"):
        apply_fixes(report, plan_fixes(report)[0])
    assert contents(spoiled.parent) == before


def test_a_file_of_that_name_which_is_no_journal_is_left_alone(spoiled: Path) -> None:
    (spoiled.parent / "fixes.json").write_text("mine", encoding="utf-8")
    before = contents(spoiled.parent)
    report = audit(spoiled, 640)

    with pytest.raises(DataError, match="is no journal of fixes"):
        apply_fixes(report, plan_fixes(report)[0])
    assert contents(spoiled.parent) == before


def test_a_row_of_thousands_of_points_is_told_in_one_line(tmp_path: Path) -> None:
    data = make_set(tmp_path)
    file = data.parent / "labels" / "train" / "a.txt"
    point = "0 " + "0.5 " * 2000
    file.write_text(f"{GOOD}\n{point}\n", encoding="utf-8")
    fixes, _ = plan_fixes(audit(data, 640))

    (told,) = (str(fix) for fix in fixes)
    assert "0 0.5 0.5" in told
    assert "0.5 …' (it has no size)" in told
    assert len(told) < 200 + len(str(file))
    assert fixes[0].before.split() == point.split()
