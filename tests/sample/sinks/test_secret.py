"""Secrets are read when they are used, and told to nobody."""

from pathlib import Path

import pytest

from edgedet.sample.base import SinkClosedError
from edgedet.sample.sinks.secret import hidden, read_secrets


def test_the_first_lines_are_read_anew_each_time(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text("  one-Key \r\nsecond\n", encoding="utf-8")
    assert read_secrets(path, 1) == ("one-Key",)
    assert read_secrets(path, 2) == ("one-Key", "second")
    path.write_text("another", encoding="utf-8")
    assert read_secrets(path, 1) == ("another",)


@pytest.mark.parametrize(
    "content", [b"", b"\n", b"two words", b"\xff\xfe", b"caf\xc3\xa9", b"a\tb"]
)
def test_what_is_no_secret_is_refused_without_showing_it(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "key"
    path.write_bytes(content)
    with pytest.raises(SinkClosedError) as caught:
        read_secrets(path, 1)
    assert str(path) in str(caught.value)
    assert "two words" not in str(caught.value)


def test_a_missing_file_is_told() -> None:
    with pytest.raises(SinkClosedError, match="cannot read the secret in '/nowhere/key': No such"):
        read_secrets(Path("/nowhere/key"), 1)


def test_secrets_are_hidden_wherever_they_stand() -> None:
    assert hidden("key abcd1234 and abcd1234x", "abcd1234") == "key *** and ***x"
    assert hidden("a word", "a") == "a word"
