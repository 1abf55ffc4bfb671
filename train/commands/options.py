"""Checks of options that more than one command has."""

from typing import TypeVar

from edgedet.errors import UsageError
from train.model.architectures import ARCHITECTURES, Architecture

ChoiceT = TypeVar("ChoiceT", bound=str)

_SMALLEST_STRIDE = 32


def checked_size(image_size: int, stride: int = _SMALLEST_STRIDE) -> int:
    """`image_size`, if a network whose last level has `stride` can take it.

    Where the network is not known yet, 32 holds for all; those of four levels want multiples of 64,
    and say so when they are there.

    Raises:
        UsageError: if it is no positive multiple of `stride`.
    """
    if image_size < stride or image_size % stride:
        nearest = max(round(image_size / stride), 1) * stride
        msg = f"--image-size {image_size}: expected a multiple of {stride}, for example {nearest}"
        raise UsageError(msg)
    return image_size


def named_model(name: str) -> Architecture:
    """The member of the family that `--model` names.

    Raises:
        UsageError: if it is none of them.
    """
    known = {each.name: each for each in ARCHITECTURES}
    return known[one_of("--model", name, tuple(known))]


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
