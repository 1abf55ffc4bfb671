"""A YAML file as plain values, with the line of each; nothing in it can run, explode or hide.

Plain means: mappings with text keys, lists, text, numbers, booleans and null. A key given twice is
refused, since one of the two would be ignored silently. Anchors and merge keys work, bounded in
number, so that a "billion laughs" file costs nothing.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import yaml

from edgedet.errors import ConfigError

Value: TypeAlias = "str | int | float | bool | list[Value] | dict[str, Value] | None"
KeyPath: TypeAlias = tuple[str | int, ...]

_MAX_BYTES = 256 * 1024
_MAX_NODES = 50_000
_MAX_DEPTH = 32
_MAX_NUMBER = 2**63 - 1
_PREFIX = "tag:yaml.org,2002:"
_MERGE = _PREFIX + "merge"
_SURROGATE = re.compile("[\ud800-\udfff]")
_AS_TEXT = {_PREFIX + "timestamp", _PREFIX + "value"}


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong at a key; `line` counts from 1, 0 where it is not known."""

    path: KeyPath
    message: str
    line: int = 0


@dataclass(slots=True)
class Document:
    """The values, the line on which each begins, and what is wrong so far.

    `unread`: where a key or value is that is none to us; the value is None here.
    """

    value: Value = None
    lines: dict[KeyPath, int] = field(default_factory=dict)
    unread: set[KeyPath] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)


def read_text(path: Path) -> str:
    """The text of a file that may be a configuration.

    Raises:
        ConfigError: if it cannot be read, is too large, or is no text.
    """
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_BYTES + 1)
    except OSError as exc:
        msg = f"cannot read the configuration '{path}': {exc.strerror}"
        raise ConfigError(msg, (msg,)) from exc
    if len(content) > _MAX_BYTES:
        msg = f"{path} has more than {_MAX_BYTES} bytes: not a configuration"
        raise ConfigError(msg, (msg,))
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        msg = f"{path} is not UTF-8 text: byte {exc.start} cannot be read"
        raise ConfigError(msg, (msg,)) from exc


def parse_yaml(text: str) -> Document:
    """What is in `text`. Nothing is raised: what cannot be read is among the problems."""
    builder = _Builder()
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        if node is not None:
            builder.document.value = builder.build(node, ())
    except yaml.MarkedYAMLError as exc:
        mark = exc.problem_mark or exc.context_mark
        line = mark.line + 1 if mark else 0
        builder.refuse((), f"not valid YAML: {exc.problem or exc.context}", line)
    except (yaml.YAMLError, RecursionError) as exc:
        builder.refuse((), f"not valid YAML: {str(exc).splitlines()[0]}", 0)
    except _TooLargeError as exc:
        builder.refuse((), str(exc), 0)
    return builder.document


class _TooLargeError(Exception):
    """More than any configuration needs."""


class _Builder:
    """Walks the nodes that PyYAML composed."""

    def __init__(self) -> None:
        self.document = Document()
        self._scalars = yaml.SafeLoader("")
        self._nodes = 0

    def refuse(self, path: KeyPath, message: str, line: int) -> None:
        self.document.problems.append(Problem(path, message, line))

    def _unread(self, path: KeyPath, message: str, line: int) -> None:
        self.document.unread.add(path)
        self.refuse(path, message, line)

    def build(self, node: yaml.Node, path: KeyPath) -> Value:
        self._nodes += 1
        if self._nodes > _MAX_NODES or len(path) > _MAX_DEPTH:
            msg = f"more than {_MAX_NODES} values or {_MAX_DEPTH} levels: anchors within anchors?"
            raise _TooLargeError(msg)
        self.document.lines.setdefault(path, _line(node))
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.build(item, (*path, index)) for index, item in enumerate(node.value)]
        return self._scalar(node, path)

    def _scalar(self, node: yaml.Node, path: KeyPath) -> Value:
        if _SURROGATE.search(node.value):  # as of "\ud800": no encoder, printer or broker takes it
            self._unread(path, "holds half a character (a surrogate)", _line(node))
            return None
        if node.tag in _AS_TEXT:  # dates are names to us
            return str(node.value)
        try:
            value = self._scalars.construct_object(node)
        except (yaml.YAMLError, ValueError, LookupError, ArithmeticError):
            value = node
        if isinstance(value, int) and abs(value) > _MAX_NUMBER:  # too many digits even to print it
            self._unread(path, "a number of more than 64 bits; put it in quotes", _line(node))
            return None
        if value is None or isinstance(value, str | int | float | bool):
            return value
        tag = node.tag.replace(_PREFIX, "!!")
        self._unread(path, f"cannot read this value as {tag}; put it in quotes", _line(node))
        return None

    def _mapping(self, node: yaml.MappingNode, path: KeyPath) -> dict[str, Value]:
        merged: dict[str, Value] = {}
        own: dict[str, Value] = {}
        for key_node, value_node in node.value:
            if key_node.tag == _MERGE:
                merged = {**self._merge(value_node, path), **merged}
                continue
            key = self._key(key_node, path)
            place = (*path, key)
            if key in own:
                first = self.document.lines.get(place, 0)
                self.refuse(place, f"given twice, first on line {first}", _line(key_node))
                continue
            self.document.lines[place] = _line(key_node)
            own[key] = self.build(value_node, place)
        return {**merged, **own}

    def _merge(self, node: yaml.Node, path: KeyPath) -> Mapping[str, Value]:
        """What `<<: *anchor` or `<<: [*one, *two]` brings; the earlier one wins."""
        parts = node.value if isinstance(node, yaml.SequenceNode) else [node]
        merged: dict[str, Value] = {}
        for part in parts:
            value = self.build(part, path)
            if not isinstance(value, dict):
                self.refuse(path, "`<<` takes a mapping or a list of mappings", _line(node))
                continue
            merged = {**value, **merged}
        return merged

    def _key(self, node: yaml.Node, path: KeyPath) -> str:
        if isinstance(node, yaml.ScalarNode) and not _SURROGATE.search(node.value):
            return str(node.value)
        self.refuse(path, "a key must be plain text", _line(node))
        self.document.unread.add((*path, str(node.tag)))
        return str(node.tag)


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1
