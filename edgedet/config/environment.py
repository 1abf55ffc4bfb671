"""Settings from the environment: `EDGEDET__SECTION__KEY=value`, over those of the file.

The value is read as YAML (`true`, `8`, `[a, b]`); list items go by number, as in
`EDGEDET__SOURCES__0__URI`. A number one past the end adds an item.
"""

import itertools
import os
import re
from collections.abc import Mapping

from edgedet.config.document import Document, KeyPath, Problem, Value, parse_yaml
from edgedet.config.section import brief

PREFIX = "EDGEDET__"
_MAX_VALUE_CHARS = 65_536
_MAX_DEPTH = 32
_INDEX = re.compile("[0-9]{1,5}")


def apply_environment(document: Document, environ: Mapping[str, str]) -> dict[KeyPath, str]:
    """Change `document` by the variables of `environ`; which variable set which key.

    What cannot be applied is added to the document's problems.
    """
    origins: dict[KeyPath, str] = {}
    for name in sorted(environ):
        if not name.upper().startswith(PREFIX):
            continue
        path = _path(name)
        problem = _apply(document, path, environ[name])
        if problem:
            document.problems.append(Problem(path, f"{problem} (set by {brief(name)})"))
        else:
            origins[path] = name
    return origins


def without_settings(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """`environ` without our variables: for a runtime that is to follow its file alone."""
    return {name: value for name, value in environ.items() if not name.upper().startswith(PREFIX)}


def _path(name: str) -> KeyPath:
    """The key path that a variable's name spells."""
    parts = name[len(PREFIX) :].lower().split("__")
    return tuple(int(part) if _INDEX.fullmatch(part) else part for part in parts)


def _apply(document: Document, path: KeyPath, text: str) -> str:
    """Set the value; what is wrong with it, or nothing."""
    if "" in path or len(path) > _MAX_DEPTH:
        return f"expected {PREFIX}SECTION__KEY"
    if len(text) > _MAX_VALUE_CHARS:
        return f"{len(text)} characters, at most {_MAX_VALUE_CHARS} are read"
    parsed = parse_yaml(text)
    if parsed.problems:
        return parsed.problems[0].message
    if document.value is None:
        document.value = {}
    target: Value = document.value
    for part, following in itertools.pairwise(path):
        target = _child(target, part, [] if isinstance(following, int) else {})
    return _store(target, path[-1], parsed.value)


def _child(target: Value, part: str | int, new: Value) -> Value:
    """The container below `part`, made where there is none."""
    if isinstance(target, dict):
        if target.get(str(part)) is None or not isinstance(target[str(part)], dict | list):
            target[str(part)] = new
        return target[str(part)]
    if isinstance(target, list) and isinstance(part, int):
        if part == len(target):
            target.append(new)
        return target[part] if part < len(target) else None
    return None


def _store(target: Value, part: str | int, value: Value) -> str:
    """Put `value` in its place; what is wrong, or nothing."""
    if isinstance(target, dict):
        target[str(part)] = value
        return ""
    if not isinstance(target, list) or not isinstance(part, int):
        return "there is no such key, or a list item before it is missing"
    if part > len(target):
        return f"the list has {len(target)} items: the next is number {len(target)}"
    target[part : part + 1] = [value]
    return ""
