"""How a long job tells where it is; the command draws it, tests need not."""

from collections.abc import Callable

Step = Callable[[], None]
"""Called after each piece of a stage."""

Stages = Callable[[str, int], Step]
"""Starts a stage with a name and a number of pieces."""


def silent(name: str, pieces: int) -> Step:
    """Show nothing."""
    del name, pieces
    return lambda: None
