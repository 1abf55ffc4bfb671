"""The file that says which model is in use."""

from datetime import datetime, timezone
from pathlib import Path

import pytest

from edgedet.errors import ModelError
from edgedet.models.active import ActiveModel, read_active, write_active
from tests.odd_files import ODD, put_odd

ACTIVE = ActiveModel(
    model="person-1-abc",
    since=datetime(2026, 1, 2, tzinfo=timezone.utc),
    reason="test",
    configured_sha256="0" * 64,
    history=["configured"],
)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "new" / "active.json"
    assert read_active(path) is None
    write_active(path, ACTIVE)
    assert read_active(path) == ACTIVE


@pytest.mark.parametrize("content", [b"", b"{", b'{"schema": "edgedet.active/2"}', b"\xff"])
def test_what_cannot_be_read_is_as_if_nothing_was_chosen(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "active.json"
    path.write_bytes(content)
    assert read_active(path) is None
    assert (tmp_path / "active.json.damaged").read_bytes() == content


def test_what_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ModelError, match="nothing was changed"):
        write_active(tmp_path / "file" / "active.json", ACTIVE)


@pytest.mark.parametrize("kind", ODD)
def test_what_is_no_file_is_as_if_nothing_was_chosen(tmp_path: Path, kind: str) -> None:
    assert read_active(put_odd(tmp_path / "active.json", kind)) is None
