"""Secrets from files, read anew for each use, and kept out of everything that is told."""

import re
from pathlib import Path

from edgedet.files import read_secret
from edgedet.sample.base import SinkClosedError

_TOKEN = re.compile(r"[\x21-\x7e]{1,512}")
_SHORTEST_HIDDEN = 4  # a "secret" of three letters would blank out half of every message


def read_secrets(path: Path, count: int) -> tuple[str, ...]:
    """The first `count` lines of a file, each one word.

    Raises:
        SinkClosedError: if they are not there; the message says where, never what.
    """
    try:
        lines = read_secret(path).decode().splitlines()
    except (OSError, UnicodeDecodeError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else "it is no text"
        msg = f"cannot read the secret in '{path}': {reason}"
        raise SinkClosedError(msg) from None
    words = tuple(line.strip() for line in lines[:count])
    if len(words) < count or not all(map(_TOKEN.fullmatch, words)):
        expected = "a secret on its first line" if count == 1 else f"{count} lines, one each"
        msg = f"'{path}' is not as expected: {expected}, without spaces"
        raise SinkClosedError(msg)
    return words


def hidden(text: str, *secrets: str) -> str:
    """`text` with every secret as `***`."""
    for secret in secrets:
        if len(secret) >= _SHORTEST_HIDDEN:
            text = text.replace(secret, "***")
    return text
