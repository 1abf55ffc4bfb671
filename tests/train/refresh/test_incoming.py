"""New labels from each of the places where they may be."""

from pathlib import Path

import numpy as np
import pytest

from edgedet.errors import DataError, UsageError
from tests.train.commands.ingest.test_device import fill
from tests.train.commands.ingest.test_roboflow import make_export
from tests.train.console import make_data
from train.refresh.incoming import from_device, from_roboflow, from_yolo


def test_a_devices_samples_are_those_that_somebody_labelled(tmp_path: Path) -> None:
    fill(tmp_path / "labelling", 6, labelled=4)

    found = from_device(tmp_path / "labelling")
    all_of_them = from_device(tmp_path / "labelling", accepts_predictions=True)

    assert (len(found.items), len(all_of_them.items)) == (4, 6)
    assert found.tally.total() == 2
    assert found.items[0].name.startswith("gate/gate-20260504T")


def test_a_set_gives_the_pictures_of_all_its_splits(tmp_path: Path) -> None:
    data = make_data(tmp_path / "data", ("round", "square"), 3)

    for place in (data, data.parent):
        found = from_yolo(place)
        assert found.class_names == ("round", "square")
        assert [item.name for item in found.items] == ["0.png", "1.png", "2.png"] * 2
        assert all(len(item.boxes) == 1 for item in found.items)


def test_a_folder_with_names_beside_it_will_do(tmp_path: Path) -> None:
    data = make_data(tmp_path / "data", ("square",), 2)
    data.unlink()
    (tmp_path / "data" / "images" / "classes.txt").write_text("square\n", encoding="utf-8")

    found = from_yolo(tmp_path / "data" / "images")

    assert found.class_names == ("square",)
    assert len(found.items) == 4


def test_a_row_that_is_none_is_told_with_file_and_line(tmp_path: Path) -> None:
    data = make_data(tmp_path / "data", ("square",), 2)
    label = tmp_path / "data" / "labels" / "train" / "0.txt"
    label.write_text("3 0.5 0.5 0.1 0.1\n", encoding="utf-8")

    with pytest.raises(DataError, match=rf"{label}:1: class 3"):
        from_yolo(data)


def test_an_export_is_read_and_what_it_was_unpacked_to_is_gone(tmp_path: Path) -> None:
    export = make_export(tmp_path / "export")
    scratch = tmp_path / "scratch"
    scratch.mkdir()

    with from_roboflow(str(export), "", scratch) as found:
        assert len(found.items) == 9
        assert found.class_names == ("car", "person")
        assert np.isclose(found.items[0].boxes[0].x1, 0.375)

    assert list(scratch.iterdir()) == []


def test_what_is_neither_an_export_nor_a_version_is_refused(tmp_path: Path) -> None:
    with (
        pytest.raises(UsageError, match="expected workspace/project/number"),
        from_roboflow("gates.zip", "", tmp_path),
    ):
        pass
