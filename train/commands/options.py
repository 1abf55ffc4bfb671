"""Checks of options that more than one command has."""

from typing import TypeVar

from edgedet.errors import UsageError

ChoiceT = TypeVar("ChoiceT", bound=str)

_STRIDE = 32


def checked_size(image_size: int) -> int:
    """`image_size`, if the network can take it.

    Raises:
        UsageError: if it is no positive multiple of 32.
    """
    if image_size < _STRIDE or image_size % _STRIDE:
        nearest = max(round(image_size / _STRIDE), 1) * _STRIDE
        msg = f"--image-size {image_size}: expected a multiple of {_STRIDE}, for example {nearest}"
        raise UsageError(msg)
    return image_size


def one_of(option: str, value: str, choices: tuple[ChoiceT, ...]) -> ChoiceT:
    """The one of `choices` that `value` names.

    Raises:
        UsageError: if it is none of them.
    """
    for choice in choices:
        if choice == value:
            return choice
    msg = f"{option} {value}: expected one of {', '.join(choices)}"
    raise UsageError(msg)
