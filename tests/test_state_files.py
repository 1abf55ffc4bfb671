"""Whatever lies under the name of a state file, reading it ends, and says why it is of no use."""

import json
from pathlib import Path

import pytest
from pydantic import BaseModel

from edgedet.state_files import StateFileError, read_state
from tests.odd_files import ODD, put_odd


class _Body(BaseModel):
    number: int


def test_what_is_there_is_read_through_a_link_too(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"number": 3}')
    (tmp_path / "b.json").symlink_to("a.json")

    assert read_state(tmp_path / "b.json", _Body.model_validate_json) == _Body(number=3)


def test_what_is_not_there_is_none(tmp_path: Path) -> None:
    assert read_state(tmp_path / "a.json", json.loads) is None
    assert read_state(tmp_path / "nowhere" / "a.json", json.loads) is None


@pytest.mark.parametrize("kind", ODD)
def test_what_is_no_plain_file_is_told(tmp_path: Path, kind: str) -> None:
    path = put_odd(tmp_path / "a.json", kind)

    with pytest.raises(StateFileError, match=r"a\.json' cannot be used \(") as caught:
        read_state(path, json.loads)

    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "Invalid JSON: EOF"),
        (b"\xff\x00", "Invalid JSON"),
        (b'{"number": "x"}', "number: Input should be a valid integer"),
        (b'{"number": 3}' + b" " * 90, "more than 100 bytes"),
    ],
)
def test_what_makes_no_sense_is_told_in_one_line(
    tmp_path: Path, content: bytes, reason: str
) -> None:
    (tmp_path / "a.json").write_bytes(content)

    with pytest.raises(StateFileError, match=reason) as caught:
        read_state(tmp_path / "a.json", _Body.model_validate_json, max_bytes=100)

    assert "\n" not in str(caught.value)


def test_brackets_without_end_make_no_sense(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(b"[" * 100_000)

    with pytest.raises(StateFileError, match="cannot be used"):
        read_state(tmp_path / "a.json", json.loads)
