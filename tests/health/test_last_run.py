"""Every way to end is told by the next run, whatever the file looks like."""

import json
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgedet.event import LastRun, RunEnd
from edgedet.health.last_run import FILE, RunRecord, machine_boot
from tests.odd_files import ODD, put_odd
from tests.stream.fakes import FakeClock


def _next(folder: Path, machine: str = "m1") -> LastRun:
    return RunRecord(folder, FakeClock(), machine).begin("00000002")


def _run(folder: Path) -> RunRecord:
    record = RunRecord(folder, FakeClock(), "m1")
    record.begin("00000001")
    return record


def test_the_first_run_knows_that_it_is() -> None:
    assert machine_boot() != ""
    assert machine_boot(Path("/nowhere")) == ""


def test_a_first_start_makes_the_folder(tmp_path: Path) -> None:
    assert _next(tmp_path / "state" / "edgedet").end is RunEnd.FIRST_START
    assert (tmp_path / "state" / "edgedet" / FILE).is_file()


@pytest.mark.parametrize("how", [RunEnd.STOPPED, RunEnd.ENDED, RunEnd.CRASHED, RunEnd.STALLED])
def test_an_end_that_was_told_is_told_again(tmp_path: Path, how: RunEnd) -> None:
    _run(tmp_path).end(how, "why")

    last = _next(tmp_path)

    assert (last.end, last.detail, last.boot) == (how, "why", "00000001")
    assert last.ended is not None


def test_the_first_end_counts(tmp_path: Path) -> None:
    record = _run(tmp_path)
    record.end(RunEnd.STALLED, "infer")
    record.end(RunEnd.STOPPED)

    assert _next(tmp_path).end is RunEnd.STALLED


def test_an_end_without_a_word_is_told_by_the_machine(tmp_path: Path) -> None:
    _run(tmp_path)
    assert _next(tmp_path, "m1").end is RunEnd.KILLED
    assert _next(tmp_path, "m2").end is RunEnd.POWER_LOSS


def test_credentials_are_not_kept(tmp_path: Path) -> None:
    _run(tmp_path).end(RunEnd.CRASHED, "cannot open rtsp://admin:hunter2@10.0.0.5/1")

    assert "hunter2" not in (tmp_path / FILE).read_text()
    assert "rtsp://***@10.0.0.5/1" in _next(tmp_path).detail


def test_an_end_before_the_beginning_leaves_the_file_alone(tmp_path: Path) -> None:
    RunRecord(tmp_path, FakeClock(), "m1").end(RunEnd.CRASHED, "a wrong model")

    assert not (tmp_path / FILE).exists()


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
records = st.fixed_dictionaries(
    {},
    optional={
        key: json_values | st.sampled_from(["running", "stopped", "2026-01-01T00:00:00Z"])
        for key in ("boot", "machine", "state", "detail", "at")
    },
)


@settings(max_examples=40, deadline=None)
@given(content=(json_values | records).map(json.dumps).map(str.encode) | st.binary(max_size=50))
def test_whatever_is_in_the_file_there_is_an_answer(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    folder = tmp_path_factory.getbasetemp()
    (folder / FILE).write_bytes(content)

    last = _next(folder)

    assert isinstance(last.end, RunEnd)
    assert json.loads((folder / FILE).read_text())["state"] == "running"


def test_a_folder_that_cannot_be_written_stops_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "state").write_text("a file, no folder")

    with caplog.at_level("INFO"):
        last = _next(tmp_path / "state")

    assert last.end is RunEnd.UNKNOWN
    assert "will not know how this one ended" in caplog.text


@pytest.mark.parametrize("kind", ODD)
def test_what_is_no_file_holds_no_start_up(tmp_path: Path, kind: str) -> None:
    put_odd(tmp_path / FILE, kind)

    last = _next(tmp_path)

    assert last.end is RunEnd.UNKNOWN
    assert "last-run.json' cannot be used" in last.detail
    assert os.path.lexists(tmp_path / f"{FILE}.damaged")
    assert _next(tmp_path).end is RunEnd.KILLED
