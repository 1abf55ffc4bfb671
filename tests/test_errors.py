"""One tree of errors, each telling what it is."""

import inspect

import pytest

from edgedet import errors
from edgedet.errors import ConfigError, DecoderError, EdgedetError, SourceError, first_line

CLASSES = [
    value
    for _, value in inspect.getmembers(errors, inspect.isclass)
    if issubclass(value, BaseException)
]


@pytest.mark.parametrize("error", CLASSES, ids=lambda error: str(error.__name__))
def test_every_error_hangs_on_the_tree_and_in_the_picture(error: type[BaseException]) -> None:
    assert issubclass(error, EdgedetError)
    assert error.__name__ in (errors.__doc__ or "")


def test_whoever_retries_a_source_catches_all_of_its_errors() -> None:
    with pytest.raises(SourceError, match="no decoder"):
        raise DecoderError("no decoder")  # noqa: EM101 - the point


def test_a_wrong_configuration_keeps_its_problems_beside_the_summary() -> None:
    error = ConfigError("2 problems", ("a: b", "c: d"))

    assert (str(error), error.problems) == ("2 problems", ("a: b", "c: d"))
    assert ConfigError("no file").problems == ()


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (RuntimeError("\n no kernel \nat kernel.cpp:12\n"), "no kernel "),
        (RuntimeError(""), "RuntimeError"),
        (OSError(2, "gone"), "[Errno 2] gone"),
    ],
)
def test_of_what_a_library_says_the_first_line_counts(error: Exception, line: str) -> None:
    assert first_line(error) == line
