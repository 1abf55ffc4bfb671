"""The file of JSON lines."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from edgedet.errors import PublishError
from edgedet.publish import schemas
from edgedet.publish.identity import Origin
from edgedet.publish.jsonl import JsonLinesSink
from tests.publish.conftest import CLOCK, make_counts, make_event, make_result, make_status


def test_writes_one_valid_object_a_line_in_order(origin: Origin, tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    sink = JsonLinesSink(path, origin, CLOCK)
    sink.publish_status(make_status())
    sink.publish_event(make_event())
    sink.publish_counts(make_counts())
    for seq in range(3):
        sink.publish(make_result(seq, count=seq))

    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert sink.wait_for_room(0)
    assert sink.flush(0) == 0
    sink.close(0)
    sink.close(0)

    validator = Draft202012Validator(schemas.load("detections"))
    for line in lines:
        validator.validate(line)
    assert [line["frame"]["seq"] for line in lines] == [line["seq"] for line in lines] == [0, 1, 2]


def test_replaces_the_file_unless_told_to_append(origin: Origin, tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    for append in (False, False, True):
        sink = JsonLinesSink(path, origin, CLOCK, append=append)
        sink.publish(make_result())
        sink.close(0)

    assert len(path.read_text(encoding="utf-8").splitlines()) == 2


def test_what_is_there_stays_until_there_is_something_new(origin: Origin, tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    path.write_text("older\n" * 1000, encoding="utf-8")
    JsonLinesSink(path, origin, CLOCK).close(0)
    assert path.read_text(encoding="utf-8") == "older\n" * 1000

    sink = JsonLinesSink(path, origin, CLOCK)
    for seq in range(2):
        sink.publish(make_result(seq))
    sink.close(0)

    seqs = [json.loads(line)["seq"] for line in path.read_text(encoding="utf-8").splitlines()]
    assert seqs == [0, 1]


def test_full_disk_is_told_with_the_file(origin: Origin) -> None:
    sink = JsonLinesSink(Path("/dev/full"), origin, CLOCK)

    with pytest.raises(PublishError, match=r"'/dev/full': No space left on device"):
        sink.publish(make_result())

    assert sink.flush(0) == 1
    sink.close(0)


def test_missing_folder_is_told_with_the_file(origin: Origin, tmp_path: Path) -> None:
    with pytest.raises(PublishError, match=r"absent/out\.jsonl': No such file"):
        JsonLinesSink(tmp_path / "absent" / "out.jsonl", origin, CLOCK)
