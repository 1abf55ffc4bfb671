"""The JSON Schemas (draft 2020-12) of every message, with examples, for tests and subscribers."""

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
    "desired_model",
)

_VERSION = 1


def load(name: str) -> dict[str, object]:
    """The schema of a message, by the name that stands before the slash in its `schema` field.

    Raises:
        KeyError: there is no such schema.

    >>> load("status")["title"]
    'edgedet.status/1'
    """
    _check(name)
    file = resources.files(__package__).joinpath(f"{name}.{_VERSION}.json")
    schema: dict[str, object] = json.loads(file.read_text(encoding="utf-8"))
    return schema


def examples(name: str) -> dict[str, str]:
    """Messages of a schema as they are written, by case. They stay as they are for ever.

    Raises:
        KeyError: there is no such schema.

    >>> sorted(examples("status"))
    ['offline', 'online', 'stopped']
    """
    _check(name)
    folder = resources.files("edgedet.publish").joinpath("examples", f"{name}.{_VERSION}")
    return {
        file.name.removesuffix(".json"): file.read_text(encoding="utf-8")
        for file in folder.iterdir()
        if file.name.endswith(".json")
    }


def _check(name: str) -> None:
    if name not in NAMES:
        msg = f"no schema '{name}'; expected one of {', '.join(NAMES)}"
        raise KeyError(msg)
