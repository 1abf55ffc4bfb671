"""The folder that is labelled: pictures, label files, names; nothing of a person is overwritten."""

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from edgedet.sample.base import SampleObject, SinkBusyError, SinkRefusalError
from edgedet.sample.sinks.folder import FolderSink
from tests.odd_files import put_odd
from tests.sample.sinks.parcels import parcel


def test_a_picture_lies_there_with_its_labels(tmp_path: Path) -> None:
    sent, sink = parcel(tmp_path / "store"), FolderSink(tmp_path / "out")

    receipt = sink.upload(sent)
    sink.annotate(sent, receipt.remote_id)

    image = tmp_path / "out" / "images" / "gate" / "gate-0000.jpg"
    assert receipt.place == image
    assert not receipt.was_there
    assert image.read_bytes() == sent.picture.read_bytes()
    assert (tmp_path / "out" / "labels" / "gate" / "gate-0000.txt").read_text("utf-8") == (
        "0 0.375000 0.500000 0.250000 0.500000\n"
    )
    assert (tmp_path / "out" / "classes.txt").read_text("utf-8") == "person\ncar\nbicycle\n"
    assert image.stat().st_nlink == 2  # no second copy on the same disk
    assert str(tmp_path / "out") in sink.target
    sink.close()


def test_once_more_after_a_kill_changes_nothing_that_a_person_did(tmp_path: Path) -> None:
    sent, sink = parcel(tmp_path / "store"), FolderSink(tmp_path / "out")
    sink.upload(sent)
    labels = tmp_path / "out" / "labels" / "gate" / "gate-0000.txt"
    labels.write_text("1 0.5 0.5 0.1 0.1\n", encoding="utf-8")
    (labels.parent.parent.parent / "images" / "gate" / ".gate-0000.jpg").write_bytes(b"half")

    assert sink.upload(sent).was_there
    sent.picture.unlink()
    assert sink.upload(sent).was_there

    assert labels.read_text("utf-8") == "1 0.5 0.5 0.1 0.1\n"


def test_the_folder_keeps_its_numbers_when_a_model_has_others(tmp_path: Path) -> None:
    sink, out = FolderSink(tmp_path / "out"), tmp_path / "out"
    sink.upload(parcel(tmp_path / "store"))
    other = parcel(tmp_path / "store", 1)
    car = SampleObject(1, "car", 0.4, (0.25, 0.25, 0.5, 0.75))
    van = replace(car, class_id=0, class_name="van")
    seen = replace(other.sample, objects=(car, van))

    sink.upload(replace(other, sample=seen, class_names=("van", "car", "person")))

    assert (out / "classes.txt").read_text("utf-8") == "person\ncar\nbicycle\nvan\n"
    rows = (out / "labels" / "gate" / "gate-0001.txt").read_text("utf-8").splitlines()
    assert [row.split()[0] for row in rows] == ["1", "3"]
    facts = json.loads((out / "images" / "gate" / "gate-0001.json").read_text("utf-8"))
    assert facts["class_names"] == ["person", "car", "bicycle", "van"]
    assert facts["prediction"].splitlines() == rows


def test_another_disk_gets_a_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def other_disk(*_paths: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", other_disk)
    sent = parcel(tmp_path / "store")

    receipt = FolderSink(tmp_path / "out").upload(sent)

    assert receipt.place is not None
    assert receipt.place.read_bytes() == sent.picture.read_bytes()


def test_a_picture_that_is_gone_is_refused_and_a_folder_that_fails_may_be_there_later(
    tmp_path: Path,
) -> None:
    sent = parcel(tmp_path / "store")
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    with pytest.raises(SinkBusyError, match="cannot write to"):
        FolderSink(tmp_path / "file").upload(sent)
    sent.picture.unlink()
    with pytest.raises(SinkRefusalError, match="gone"):
        FolderSink(tmp_path / "out").upload(sent)


def test_names_that_are_no_file_are_told_and_not_waited_for(tmp_path: Path) -> None:
    put_odd(tmp_path / "out" / "classes.txt", "pipe")

    with pytest.raises(SinkBusyError, match="it is no plain file"):
        FolderSink(tmp_path / "out").upload(parcel(tmp_path / "store"))
