"""The rows of a MOTChallenge ground truth: what is read, ignored and refused."""

from pathlib import Path

import pytest

from edgedet.errors import DataError, UsageError
from train.data.ingest.annotated import Box, Tally
from train.data.ingest.mot_rows import IGNORED, OTHER_CLASS, TruthClasses, read_mot

PERSON = TruthClasses(("person",))


def truth(folder: Path, *rows: str) -> Path:
    path = folder / "gt.txt"
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


def test_classes_of_column_eight_are_told_apart(tmp_path: Path) -> None:
    path = truth(tmp_path, "1,1,8,12,16,24,1,3,1", "1,2,8,12,16,24,1,1,0.5", "2,1,8,9,1,1,1,7,1")
    tally = Tally()
    boxes = read_mot(path, TruthClasses.parse(["1=person", "3=car"], ""), tally)
    assert boxes == {1: [Box(1, 8, 12, 24, 36), Box(0, 8, 12, 24, 36)]}
    assert tally == {IGNORED: 0, OTHER_CLASS: 1}


def test_without_classes_column_eight_is_not_looked_at(tmp_path: Path) -> None:
    boxes = read_mot(truth(tmp_path, "1,1,8,12,16,24,1,-1,-1,-1"), PERSON, Tally())
    assert boxes == {1: [Box(0, 8, 12, 24, 36)]}


def test_classes_need_their_column(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"gt\.txt:1: no class in column 8"):
        read_mot(truth(tmp_path, "1,1,8,12,16,24,1"), TruthClasses(("a",), (1,)), Tally())


@pytest.mark.parametrize("texts", [["1"], ["x=car"], ["1="], ["1=a", "1=b"], ["1=a", "2=a"]])
def test_classes_of_another_form_are_refused(texts: list[str]) -> None:
    with pytest.raises(UsageError, match="--class"):
        TruthClasses.parse(texts, "person")


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("1,1,8,12,16", "5 columns"),
        ("0,1,8,12,16,24,1", "frame 0"),
        ("1,1,8,12,0,24,1", "positive size"),
        ("1,1,8,x,16,24,1", "not a row of numbers"),
    ],
)
def test_refuses_a_wrong_row_with_its_place(tmp_path: Path, row: str, told: str) -> None:
    path = tmp_path / "gt.txt"
    path.write_text(f"1,1,8,12,16,24,1\n{row}\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"gt\.txt:2") as caught:
        read_mot(path, PERSON, Tally())
    assert told in str(caught.value)


@pytest.mark.realdata
def test_reads_the_ground_truth_of_pets09(test_data: Path) -> None:
    tally = Tally()
    boxes = read_mot(test_data / "pets09" / "gt_frames_0001_0600.txt", PERSON, tally)
    assert sum(map(len, boxes.values())) == 3121
    assert tally[IGNORED] == 174
