"""Validation errors in the words of the configuration: where, what, which value, what instead."""

import difflib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import get_args, get_origin

from pydantic import BaseModel, ValidationError

from edgedet.config.document import Document, KeyPath, Problem
from edgedet.config.section import brief, shown

_SECRET_KEY = re.compile(r"(?i)passw|secret|token|api_?key|credential")
_KEY = 300  # characters that are shown of a key's path: no setting of ours has as many
_LINE = 2000  # and of a problem: a file's path of 1024 bytes, and what is to be said of it
_FROM_PYDANTIC = ("Value error, ", "Assertion failed, ")


def problems_of(error: ValidationError, model: type[BaseModel]) -> list[Problem]:
    """One problem for each mistake that pydantic found in the data of `model`."""
    problems = []
    for details in error.errors(include_url=False):
        path: KeyPath = details["loc"]
        if details["type"] == "extra_forbidden":
            message = _unknown_key(path, model)
        elif details["type"] == "missing":
            message = "missing; it is required"
        elif details["type"] in {"model_type", "dict_type"}:
            keys = ", ".join(_known_keys(path, model))
            message = _wrong_value(path, f"expected a section with keys ({keys})", details["input"])
        elif details["type"] == "list_type":
            message = _wrong_value(path, "expected a list", details["input"])
        else:
            message = _wrong_value(path, details["msg"], details.get("input"))
        problems.append(Problem(path, message))
    return problems


def path_text(path: KeyPath) -> str:
    """A key path as people write it.

    >>> path_text(("sources", 0, "uri"))
    'sources[0].uri'
    """
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{brief(part)}"
    return brief(text.removeprefix("."), _KEY)


def located(
    path: Path, document: Document, problem: Problem, origins: Mapping[KeyPath, str] | None = None
) -> str:
    """A problem with where to look: `file:line: key.path: message`.

    `origins`: the keys that do not come from the file, and where they come from instead.
    """
    line = problem.line
    for length in range(len(problem.path), -1, -1):
        prefix = problem.path[:length]
        if origins and prefix in origins:
            return brief(f"{origins[prefix]}: {path_text(problem.path)}: {problem.message}", _LINE)
        if not line and prefix in document.lines:
            line = document.lines[prefix]
    where = f"{path}:{line}" if line else str(path)
    key = path_text(problem.path)
    return brief(
        f"{where}: {key}: {problem.message}" if key else f"{where}: {problem.message}", _LINE
    )


def _wrong_value(path: KeyPath, message: str, value: object) -> str:
    for prefix in _FROM_PYDANTIC:
        message = message.removeprefix(prefix)
    message = message[:1].lower() + message[1:]
    if isinstance(value, bool) and "string" in message:
        message += "; YAML reads a bare yes, no, on or off as a boolean, put it in quotes"
    elif isinstance(value, int | float) and "string" in message:
        message += "; put it in quotes"
    given = _given(path, value)
    return message if not given or given in message else f"{message}, got {given}"


def _given(path: KeyPath, value: object) -> str:
    """A value as it may be printed: never a secret, and empty for whole sections."""
    if value is None or isinstance(value, dict | list | tuple | BaseModel):
        return "nothing" if value is None else ""
    if any(isinstance(part, str) and _SECRET_KEY.search(part) for part in path):
        return "a value that is not shown"
    if isinstance(value, bool):
        return str(value).lower()  # as it is written in YAML and JSON
    return f"'{shown(value)}'" if isinstance(value, str) else shown(str(value))


def _unknown_key(path: KeyPath, model: type[BaseModel]) -> str:
    known = _known_keys(path[:-1], model)
    near = difflib.get_close_matches(str(path[-1]), known, n=1)
    if near:
        return f"unknown key; did you mean '{near[0]}'?"
    return f"unknown key; expected one of {', '.join(known)}" if known else "unknown key"


def _known_keys(path: KeyPath, model: type[BaseModel]) -> Sequence[str]:
    """The keys of the section at `path`."""
    section: type[BaseModel] | None = model
    is_mapping = False
    for part in path:
        if isinstance(part, int) or is_mapping:
            is_mapping = False  # a key of a mapping whose values are sections
            continue
        field = section.model_fields.get(part) if section else None
        section = _section_in(field.annotation) if field else None
        is_mapping = field is not None and get_origin(field.annotation) is dict
    return sorted(section.model_fields) if section else ()


def _section_in(annotation: object) -> type[BaseModel] | None:
    """The section that a field's type holds, as in `X`, `list[X]` and `X | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_section_in, get_args(annotation))), None)
