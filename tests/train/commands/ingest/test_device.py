"""`train ingest device`: what a device wrote and a person labelled becomes a data set."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml

from edgedet.sample.base import Parcel
from edgedet.sample.sinks.folder import FolderSink
from tests.sample.fakes import CLASSES, sample
from tests.train.console import call
from train.data.dataset import read_data_yaml

FIXED = "1 0.500000 0.500000 0.200000 0.400000\n"


def fill(folder: Path, count: int = 12, *, labelled: int = 10) -> None:
    """Let a device sample, one frame an hour, and a person correct the first ones."""
    sink = FolderSink(folder)
    for number in range(count):
        rng = np.random.default_rng(number)
        picture = folder.parent / "picture.jpg"
        cv2.imwrite(str(picture), rng.integers(0, 256, (48, 64, 3), dtype=np.uint8))
        made = replace(
            sample(number),
            id=f"gate-20260504T{number:02d}1500000-{number:08x}",
            captured=f"2026-05-04T{number:02d}:15:00.000Z",
        )
        sink.upload(Parcel(made, picture, "", CLASSES))
        picture.unlink()
        if number < labelled:
            text = "" if number == 0 else FIXED
            (folder / "labels" / "gate" / f"{made.id}.txt").write_text(text, encoding="utf-8")


def ingest(folder: Path, out: Path, *options: object) -> int:
    return call("ingest", "device", "--samples", folder, "--out", out, *options)


def test_what_a_person_labelled_becomes_a_set_and_the_models_own_labels_do_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(tmp_path / "labelling")

    assert ingest(tmp_path / "labelling", tmp_path / "out") == 0

    spec = read_data_yaml(tmp_path / "out" / "data.yaml")
    assert spec.class_names == CLASSES
    assert [len(spec.splits[s]) for s in ("train", "val")] == [8, 2]
    labels = [s.labels for split in ("train", "val") for s in spec.samples(split)]
    assert sorted(len(rows) for rows in labels) == [0, *([1] * 9)]
    assert all(rows[0, 0] == 1 for rows in labels if len(rows))
    told = capsys.readouterr().err
    assert "2 pictures left out (their labels are the model's own" in told
    assert "split by group" in told
    origin = yaml.safe_load((tmp_path / "out" / "data.yaml").read_text("utf-8"))["origin"]
    assert origin == {
        "device": {
            "sources": ["gate"],
            "captured": ["2026-05-04T00:15:00.000Z", "2026-05-04T09:15:00.000Z"],
        }
    }


def test_predictions_that_are_right_can_be_accepted(tmp_path: Path) -> None:
    fill(tmp_path / "labelling")

    assert ingest(tmp_path / "labelling", tmp_path / "out", "--accept-predictions") == 0

    spec = read_data_yaml(tmp_path / "out" / "data.yaml")
    assert sum(len(spec.splits[s]) for s in ("train", "val")) == 12


def test_labels_from_a_tool_count_as_they_are(tmp_path: Path) -> None:
    fill(tmp_path / "labelling", labelled=0)
    (tmp_path / "export").mkdir()
    for path in sorted((tmp_path / "labelling" / "labels").rglob("*.txt"))[:5]:
        (tmp_path / "export" / path.name).write_bytes(path.read_bytes())

    options = ("--labels", tmp_path / "export")
    assert ingest(tmp_path / "labelling", tmp_path / "out", *options) == 0

    spec = read_data_yaml(tmp_path / "out" / "data.yaml")
    assert sum(len(spec.splits[s]) for s in ("train", "val")) == 5


def test_frames_of_one_hour_stay_together(tmp_path: Path) -> None:
    fill(tmp_path / "labelling", count=24, labelled=24)
    for path in sorted((tmp_path / "labelling").rglob("gate-*")):
        hour = int(path.name[14:16]) // 3  # three frames an hour
        path.rename(path.with_name(path.name.replace(path.name[5:18], f"20260504T{hour:02d}15")))

    assert ingest(tmp_path / "labelling", tmp_path / "out") == 0

    spec = read_data_yaml(tmp_path / "out" / "data.yaml")
    hours = {
        split: {path.name[5:16] for path in map(Path, map(str, spec.splits[split]))}
        for split in ("train", "val")
    }
    assert hours["train"] & hours["val"] == set()


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        ("nothing labelled", "none of its 12 pictures is labelled"),
        ("no classes", "cannot read class names"),
        ("other classes", "its model had the classes"),
        ("no pictures", "no pictures below"),
        ("odd facts", "not as a device writes it"),
    ],
)
def test_what_is_no_such_folder_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], spoil: str, reason: str
) -> None:
    folder = tmp_path / "labelling"
    fill(folder, labelled=0 if spoil == "nothing labelled" else 10)
    if spoil == "no classes":
        (folder / "classes.txt").unlink()
    if spoil == "other classes":
        (folder / "classes.txt").write_text("car\nperson\nbicycle\n", encoding="utf-8")
    for path in folder.rglob("*.jpg" if spoil == "no pictures" else "*.json"):
        if spoil == "no pictures":
            path.unlink()
        elif spoil == "odd facts":
            path.write_text("{}", encoding="utf-8")

    assert ingest(folder, tmp_path / "out") == 1
    assert reason in capsys.readouterr().err.replace("\n", " ")
    assert not (tmp_path / "out" / "data.yaml").exists()


def test_classes_that_came_later_are_no_reason_to_refuse(tmp_path: Path) -> None:
    fill(tmp_path / "labelling")
    with (tmp_path / "labelling" / "classes.txt").open("a", encoding="utf-8") as file:
        file.write("truck\n")

    assert ingest(tmp_path / "labelling", tmp_path / "out") == 0
    assert read_data_yaml(tmp_path / "out" / "data.yaml").class_names == (*CLASSES, "truck")
