"""Every example in a docstring of edgedet/ is run."""

import doctest
import importlib
import pkgutil

import pytest

import edgedet
from edgedet import vision

# Modules that need a third party which is not everywhere are imported only where it is.
MODULES = sorted(
    module.name for module in pkgutil.walk_packages(edgedet.__path__, prefix="edgedet.")
)


@pytest.mark.parametrize("name", MODULES)
def test_examples_are_true(name: str) -> None:
    try:
        module = importlib.import_module(name)
    except (ImportError, ValueError) as exc:  # gi.require_version raises ValueError
        pytest.skip(f"{name} cannot be imported here: {exc}")
    result = doctest.testmod(module)
    assert result.failed == 0


def test_every_function_of_vision_has_an_example() -> None:
    without = [
        name
        for name in set(vision.__all__) - {"paint_letterboxed"}  # a frame is too long a story
        if callable(function := getattr(vision, name))
        and not isinstance(function, type)
        and ">>>" not in (function.__doc__ or "")
    ]
    assert without == []
