"""What was told is known in the next run."""

from pathlib import Path

import pytest

from edgedet.publish.home_assistant.announced import Announced, read_announced, write_announced
from tests.odd_files import ODD, put_odd


def test_what_was_told_adds_up_over_runs(tmp_path: Path) -> None:
    path = tmp_path / "state" / "home_assistant.json"
    assert read_announced(path) == Announced()

    for source in ("gate", "dock"):
        before = read_announced(path)
        more = before.with_more("ha/config", [f"src/{source}/status"], {f"{source}_fps": "sensor"})
        write_announced(path, more)

    known = read_announced(path)
    assert known.discovery_topics == ("ha/config",)
    assert known.state_topics == ("src/gate/status", "src/dock/status")
    assert known.platforms == {"gate_fps": "sensor", "dock_fps": "sensor"}


def test_list_has_an_end() -> None:
    announced = Announced()
    for number in range(1030):
        announced = announced.with_more("t", [f"s{number}"], {f"k{number}": "sensor"})

    assert len(announced.state_topics) == len(announced.platforms) == 1024
    assert "s1029" in announced.state_topics
    assert "k0" not in announced.platforms


@pytest.mark.parametrize("content", [b"", b"[]", b"\xff"])
def test_spoilt_file_is_told(
    tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "home_assistant.json"
    path.write_bytes(content)

    assert read_announced(path) == Announced()
    assert "may stay there" in caplog.text
    assert (tmp_path / "home_assistant.json.damaged").read_bytes() == content


def test_folder_that_cannot_be_written_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")

    write_announced(tmp_path / "file" / "home_assistant.json", Announced())

    assert "removed later may stay in Home Assistant" in caplog.text


@pytest.mark.parametrize("kind", ODD)
def test_what_is_no_file_is_told_and_holds_nobody_up(
    tmp_path: Path, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert read_announced(put_odd(tmp_path / "home_assistant.json", kind)) == Announced()
    assert "may stay there" in caplog.text
