"""`${…}` in the texts of a scenario: it stands for an address or number that comes later. Pure."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

_PLACEHOLDER = re.compile(r"\$\{([a-z0-9_.-]+)\}")


def filled(value: Any, known: Mapping[str, str | int]) -> Any:  # noqa: ANN401 - plain values of YAML
    """`value` with what is `known` filled in, and the rest as it was.

    A text that is one placeholder and nothing else becomes the value itself.

    >>> filled({"id": "a-${round}", "n": "${round}", "x": "${y}"}, {"round": 3})
    {'id': 'a-3', 'n': 3, 'x': '${y}'}
    """
    if isinstance(value, dict):
        return {key: filled(each, known) for key, each in value.items()}
    if isinstance(value, list):
        return [filled(each, known) for each in value]
    if not isinstance(value, str):
        return value
    whole = _PLACEHOLDER.fullmatch(value)
    if whole and whole[1] in known:
        return known[whole[1]]
    return _PLACEHOLDER.sub(lambda match: str(known.get(match[1], match[0])), value)


def placeholders_in(value: object) -> Iterator[str]:
    """The names of the placeholders in `value`.

    >>> list(placeholders_in({"a": ["${folder}/x", 3]}))
    ['folder']
    """
    if isinstance(value, str):
        yield from _PLACEHOLDER.findall(value)
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from placeholders_in(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from placeholders_in(each)
