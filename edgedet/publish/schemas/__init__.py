"""The JSON Schemas (draft 2020-12) of every message, for tests and for subscribers."""

import json
from importlib import resources

NAMES = (
    "detections",
    "events",
    "status",
    "source_status",
    "counts",
    "info",
    "metrics",
    "command",
    "reply",
)

_VERSION = 1


def load(name: str) -> dict[str, object]:
    """The schema of a message, by the name that stands before the slash in its `schema` field.

    Raises:
        KeyError: there is no such schema.

    >>> load("status")["title"]
    'edgedet.status/1'
    """
    if name not in NAMES:
        msg = f"no schema '{name}'; expected one of {', '.join(NAMES)}"
        raise KeyError(msg)
    file = resources.files(__package__).joinpath(f"{name}.{_VERSION}.json")
    schema: dict[str, object] = json.loads(file.read_text(encoding="utf-8"))
    return schema
