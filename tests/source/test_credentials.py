"""Where the password comes from."""

from pathlib import Path

import pytest

from edgedet.config.source import SourceSettings
from edgedet.errors import SourceError
from edgedet.source.credentials import credentials_of
from edgedet.source.uri import Credentials


def settings(**values: object) -> SourceSettings:
    return SourceSettings.model_validate({"id": "gate", "uri": "rtsp://10.0.0.5/s", **values})


def test_none_where_none_are_given() -> None:
    assert credentials_of(settings()) is None


def test_password_is_the_first_line_of_its_file(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_bytes(b" p@ss w\xc3\xb6rd \r\nignored\n")
    given = credentials_of(settings(username="admin", password_file=file))
    assert given == Credentials("admin", " p@ss wörd ")


def test_user_of_the_address_goes_with_the_password_file(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("new")
    uri = "rtsp://admin:old@10.0.0.5/s"
    assert credentials_of(settings(uri=uri, password_file=file)) == Credentials("admin", "new")


def test_unreadable_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"cannot use password_file .*No such file"):
        credentials_of(settings(username="admin", password_file=tmp_path / "missing"))


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"p\0ss", "it holds a NUL character"),
        (b"\xff\xfe", "it is no text"),
        (b"x" * 70_000, "more than 65535 bytes"),
    ],
)
def test_what_is_no_password_is_refused(tmp_path: Path, content: bytes, why: str) -> None:
    file = tmp_path / "password"
    file.write_bytes(content)
    with pytest.raises(SourceError, match=why):
        credentials_of(settings(username="admin", password_file=file))
