"""How a scenario says what a value must be.

- `live`, `3`, `true`: just that
- `">= 3"`, `"< 0.5"`, `"!= offline"`: a comparison
- `"0.25 +- 0.1"`: a number that is no further away
- `"/refused|unreachable/"`: a regular expression, found anywhere in the text
- `[live, degraded]`: any of these
- `"*"`: it is there and not null; `"-"`: it is not there, or null
"""

import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeGuard

_COMPARISON = re.compile(r"(>=|<=|!=|>|<)\s*(.+)")
_TOLERANCE = re.compile(r"([-+.\deE]+)\s*\+-\s*([.\deE-]+)")
_INDEX = re.compile("[0-9]{1,9}")
_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}


def problem_of(expected: object) -> str:
    """What is wrong with an expectation; empty if nothing."""
    if isinstance(expected, list):
        return next(filter(None, map(problem_of, expected)), "")
    if not isinstance(expected, str):
        return "" if isinstance(expected, int | float | bool | None) else "expected a plain value"
    if _is_pattern(expected):
        try:
            re.compile(expected[1:-1])
        except re.error as exc:
            return f"not a regular expression: {exc}"
    match = _COMPARISON.fullmatch(expected)
    if match and match[1] != "!=" and _number(match[2]) is None:
        return f"expected a number behind {match[1]}"
    match = _TOLERANCE.fullmatch(expected)
    if match and None in (_number(match[1]), _number(match[2])):
        return "expected a number before and behind +-"
    return ""


def is_match(value: object, expected: object) -> bool:
    """Whether `value` is as `expected`.

    >>> [is_match(4, ">= 3"), is_match("live", "/li/"), is_match(None, "-"), is_match(1, [2, 3])]
    [True, True, True, False]
    """
    if isinstance(expected, list):
        return any(is_match(value, each) for each in expected)
    if not isinstance(expected, str):
        return value == expected and isinstance(value, bool) == isinstance(expected, bool)
    if expected in {"*", "-"}:
        return (value is None) == (expected == "-")
    if _is_pattern(expected):
        return value is not None and re.search(expected[1:-1], str(value)) is not None
    return _measures(value, expected)


def at_path(value: object, path: str) -> object:
    """What `path` names inside of `value`; None where there is nothing.

    >>> at_path({"a": [{"b": 7}]}, "a.0.b"), at_path({"a": [1, 2]}, "a.#")
    (7, 2)
    """
    for part in path.split("."):
        if part == "#":
            value = len(value) if isinstance(value, Sequence) else None
        elif isinstance(value, Mapping):
            value = value.get(part)
        elif isinstance(value, list) and _INDEX.fullmatch(part) and int(part) < len(value):
            value = value[int(part)]
        else:
            return None
    return value


def mismatches(value: object, where: Mapping[str, object]) -> list[str]:
    """What of `where` does not hold, each with what there is instead."""
    return [
        f"{path} is {at_path(value, path)!r}, not {expected!r}"
        for path, expected in where.items()
        if not is_match(at_path(value, path), expected)
    ]


def _is_pattern(text: str) -> bool:
    return len(text) > 2 and text[0] == text[-1] == "/"


def _measures(value: object, expected: str) -> bool:
    if match := _COMPARISON.fullmatch(expected):
        return _compares(value, match[1], match[2])
    if match := _TOLERANCE.fullmatch(expected):
        middle, most = float(match[1]), float(match[2])
        return _is_number(value) and middle - most <= value <= middle + most
    return value == expected


def _compares(value: object, sign: str, text: str) -> bool:
    if sign == "!=":
        number = _number(text)
        return value != (text if number is None or isinstance(value, str) else number)
    number = _number(text)
    return number is not None and _is_number(value) and _OPERATORS[sign](value, number)


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
