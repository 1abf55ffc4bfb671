"""`train ingest voc`: pixels from 1, flags, lists of splits."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.train.console import call
from train.data.dataset import read_data_yaml

OBJECT = (
    "<object><name>{name}</name><difficult>{difficult}</difficult>"
    "<truncated>{truncated}</truncated><bndbox><xmin>{box[0]}</xmin><ymin>{box[1]}</ymin>"
    "<xmax>{box[2]}</xmax><ymax>{box[3]}</ymax></bndbox></object>"
)


def thing(
    name: str, box: tuple[float, ...] = (17, 13, 48, 36), difficult: int = 0, truncated: int = 0
) -> str:
    return OBJECT.format(name=name, box=box, difficult=difficult, truncated=truncated)


def page(stem: str, *objects: str, size: tuple[int, int] = (64, 48)) -> str:
    return (
        f"<annotation><filename>{stem}.jpg</filename><size><width>{size[0]}</width>"
        f"<height>{size[1]}</height></size>{''.join(objects)}</annotation>"
    )


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Ten pictures; the fourth one has flagged objects, the fifth none."""
    rng = np.random.default_rng(0)
    for folder in ("Annotations", "JPEGImages", "ImageSets/Main"):
        (tmp_path / "voc" / folder).mkdir(parents=True)
    for number in range(10):
        image = rng.integers(0, 256, (48, 64, 3), dtype=np.uint8)
        cv2.imwrite(str(tmp_path / "voc" / "JPEGImages" / f"p{number}.jpg"), image)
        objects = [thing("dog" if number % 2 else "cat")]
        if number == 4:
            objects += [thing("dog", difficult=1), thing("dog", (1, 1, 9, 9), truncated=1)]
        if number == 5:
            objects = []
        file = tmp_path / "voc" / "Annotations" / f"p{number}.xml"
        file.write_text(page(f"p{number}", *objects), encoding="utf-8")
    return tmp_path / "voc"


def ingest(root: Path, *options: object) -> int:
    folders = ("--annotations", root / "Annotations", "--images", root / "JPEGImages")
    return call("ingest", "voc", *folders, "--out", root / "out", *options)


def labels(root: Path, stem: str) -> list[str]:
    (path,) = (root / "out" / "labels").rglob(f"{stem}.txt")
    return path.read_text(encoding="utf-8").splitlines()


def test_pixels_are_counted_from_one(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ingest(root) == 0
    assert read_data_yaml(root / "out" / "data.yaml").class_names == ("cat", "dog")
    assert labels(root, "p0") == ["0 0.500000 0.500000 0.500000 0.500000"]
    assert labels(root, "p5") == []
    assert len(labels(root, "p4")) == 2
    assert "1 difficult objects left out" in capsys.readouterr().err


def test_flags_and_pixels_from_zero_are_options(root: Path) -> None:
    options = ("--difficult", "keep", "--truncated", "drop", "--zero-based")
    assert ingest(root, *options) == 0
    assert labels(root, "p4") == [
        "0 0.507812 0.510417 0.484375 0.479167",
        "1 0.507812 0.510417 0.484375 0.479167",
    ]


def test_splits_as_listed(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sets = root / "ImageSets" / "Main"
    (sets / "train.txt").write_text("p0\np1  1\r\np2 -1\n", encoding="utf-8")
    (sets / "val.txt").write_text("p3\n", encoding="utf-8")

    assert ingest(root, "--image-sets", sets) == 0
    spec = read_data_yaml(root / "out" / "data.yaml")
    assert {s: [p.stem for p in paths] for s, paths in spec.splits.items()} == {
        "train": ["p0", "p1", "p2"],
        "val": ["p3"],
    }
    assert "6 pictures left out (in no list of --image-sets)" in capsys.readouterr().err


def test_a_list_that_gives_a_picture_twice_is_refused(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sets = root / "ImageSets" / "Main"
    (sets / "train.txt").write_text("p0\n", encoding="utf-8")
    (sets / "val.txt").write_text("p0\n", encoding="utf-8")

    assert ingest(root, "--image-sets", sets) == 1
    assert "lists p0, which is in train already" in capsys.readouterr().err


def test_classes_can_be_chosen_and_ordered(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ingest(root, "--names", "dog") == 0
    assert read_data_yaml(root / "out" / "data.yaml").class_names == ("dog",)
    assert "5 objects left out (a class that was not asked for)" in capsys.readouterr().err


def test_files_of_other_tools_are_understood(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong_name = page("elsewhere", thing("cat", (0, 0, 32, 24)), size=(0, 0))
    (root / "Annotations" / "p0.xml").write_text(wrong_name, encoding="utf-8")
    (root / "JPEGImages" / "p1.jpg").unlink()

    assert ingest(root) == 0
    told = capsys.readouterr().err
    assert labels(root, "p0") == ["0 0.250000 0.250000 0.500000 0.500000"]
    assert "1 boxes at pixel 0, which VOC does not have" in told
    assert "1 pictures left out (no such file)" in told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("<annotation>", "p0.xml is not XML"),
        ("<html/>", "<html>, expected <annotation>"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><annotation/>', "declares a document type"),
        (page("p0", thing("cat", ("x", 1, 2, 3))), "expected four numbers"),  # type: ignore[arg-type]
        (page("p0", thing("")), "an object has no name"),
    ],
)
def test_what_is_no_annotation_is_refused(
    root: Path, capsys: pytest.CaptureFixture[str], text: str, told: str
) -> None:
    (root / "Annotations" / "p0.xml").write_text(text, encoding="utf-8")

    assert ingest(root) == 1
    assert told in capsys.readouterr().err
    assert not (root / "out").exists()


def test_a_folder_without_annotations_and_wrong_usage(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ingest(root, "--annotations", root / "JPEGImages") == 1
    assert "no .xml below" in capsys.readouterr().err
    assert ingest(root, "--difficult", "maybe") == 2
    assert ingest(root, "--names", "a,a") == 2


@pytest.mark.parametrize("encoding", ["gbk", "nonsense"])
def test_an_encoding_that_is_not_read_is_told(
    root: Path, capsys: pytest.CaptureFixture[str], encoding: str
) -> None:
    text = f'<?xml version="1.0" encoding="{encoding}"?>{page("p0", thing("cat"))}'
    (root / "Annotations" / "p0.xml").write_text(text, encoding="ascii")

    assert ingest(root) == 1
    assert "p0.xml is not XML that can be read: " in capsys.readouterr().err


def test_a_size_without_end_is_none(root: Path) -> None:
    file = root / "Annotations" / "p0.xml"
    file.write_text(file.read_text(encoding="utf-8").replace(">64<", ">inf<"), encoding="utf-8")

    assert ingest(root) == 0
    assert labels(root, "p0") == ["0 0.500000 0.500000 0.500000 0.500000"]


def test_a_list_that_is_no_text_is_told(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (root / "ImageSets" / "Main" / "train.txt").write_bytes(b"p\xff\n")

    assert ingest(root, "--image-sets", root / "ImageSets" / "Main") == 1
    assert "cannot read list of pictures" in capsys.readouterr().err
