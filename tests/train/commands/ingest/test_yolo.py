"""`train ingest yolo`: pictures and label files, wherever they lie."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.train.console import call
from train.data.dataset import read_data_yaml


def fill(images: Path, labels: Path, count: int = 10) -> None:
    rng = np.random.default_rng(0)
    images.mkdir(parents=True, exist_ok=True)
    labels.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        image = rng.integers(0, 256, (24, 32, 3), dtype=np.uint8)
        cv2.imwrite(str(images / f"a b {number}.png"), image)
        row = f"{number % 2} 0.5 0.5 0.5 0.5\n"
        (labels / f"a b {number}.txt").write_text(row, encoding="utf-8")


def ingest(images: Path, out: Path, *options: object) -> int:
    return call("ingest", "yolo", "--images", images, "--out", out, *options)


@pytest.mark.parametrize("labels", ["in", "in/images", "in/labels", "elsewhere"])
def test_labels_are_found_beside_pictures_in_labels_or_where_told(
    tmp_path: Path, labels: str
) -> None:
    images = tmp_path / "in" if labels == "in" else tmp_path / "in" / "images"
    fill(images, tmp_path / labels)
    options = ("--labels", tmp_path / "elsewhere") if labels == "elsewhere" else ()

    assert ingest(images, tmp_path / "out", "--names", "a, b", *options) == 0
    spec = read_data_yaml(tmp_path / "out" / "data.yaml")
    assert spec.class_names == ("a", "b")
    assert [len(spec.splits[s]) for s in ("train", "val")] == [8, 2]
    assert all(len(sample.labels) == 1 for sample in spec.samples("train"))


def test_names_come_from_the_file_that_labelling_tools_write(tmp_path: Path) -> None:
    fill(tmp_path / "in", tmp_path / "in")
    (tmp_path / "in" / "classes.txt").write_bytes(b"\xef\xbb\xbfman\r\ndog\r\n")

    assert ingest(tmp_path / "in", tmp_path / "out") == 0
    assert read_data_yaml(tmp_path / "out" / "data.yaml").class_names == ("man", "dog")


def test_rows_that_are_changed_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fill(tmp_path / "in", tmp_path / "in")
    rows = ["0 .5 .5 .5 .5", "0 .5 .5 .5 .5", "0 1 .5 .2 .2", "0 2 .5 .2 .2", "0 .5 .5 0 0"]
    (tmp_path / "in" / "a b 0.txt").write_text("\n".join(rows), encoding="utf-8")
    (tmp_path / "in" / "a b 1.txt").unlink()

    assert ingest(tmp_path / "in", tmp_path / "out", "--names", "a,b") == 0
    told = capsys.readouterr().err
    for line in (
        "10 pictures, 10 objects",
        "1 pictures without a label file, taken as background",
        "1 label rows left out (they repeat another one)",
        "1 boxes left out (outside the picture)",
        "1 boxes left out (no size)",
        "1 clipped (boxes across the border)",
    ):
        assert line in told


@pytest.mark.parametrize(
    ("row", "options", "told"),
    [
        ("2 .5 .5 .5 .5", ("--names", "a,b"), "a b 0.txt:1: class 2, expected a whole number"),
        ("x", ("--names", "a,b"), "a b 0.txt:1: 'x' is not a row of numbers"),
        ("3 .5 .5 .5 .5", (), "the labels have the classes 0, 1, 3, and nothing says"),
    ],
)
def test_labels_that_cannot_be_right_are_refused(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    row: str,
    options: tuple[str, ...],
    told: str,
) -> None:
    fill(tmp_path / "in", tmp_path / "in")
    (tmp_path / "in" / "a b 0.txt").write_text(row, encoding="utf-8")

    assert ingest(tmp_path / "in", tmp_path / "out", *options) == 1
    assert told in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_folder_without_pictures_or_labels_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "none").mkdir()
    fill(tmp_path / "in", tmp_path / "labels")
    for images, told in (
        (tmp_path / "none", "no pictures below"),
        (tmp_path / "in", "no label file for any of the 10 pictures; looked in"),
        (tmp_path / "gone", "is not there"),
    ):
        assert ingest(images, tmp_path / "out", "--names", "a,b") == 1
        assert told in capsys.readouterr().err
    assert ingest(tmp_path / "in", tmp_path / "out", "--names", "a,a") == 2


def test_names_in_another_encoding_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(tmp_path / "in", tmp_path / "in")
    (tmp_path / "in" / "classes.txt").write_bytes("Fußgänger\nAuto\n".encode("latin-1"))

    assert ingest(tmp_path / "in", tmp_path / "out") == 1
    assert "save it as UTF-8, or give --names" in capsys.readouterr().err
