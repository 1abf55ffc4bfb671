"""How values are compared with what a scenario expects."""

import doctest

import pytest

from edgedet.sim.scenario import matcher
from edgedet.sim.scenario.matcher import at_path, is_match, mismatches, problem_of


def test_the_examples_are_true() -> None:
    assert doctest.testmod(matcher).failed == 0


@pytest.mark.parametrize(
    ("value", "expected", "holds"),
    [
        ("live", "live", True),
        ("live", "degraded", False),
        (3, 3, True),
        (True, 1, False),
        (1, True, False),
        (3, ">= 3", True),
        (2.9, ">=3", False),
        ("3", ">= 3", False),
        (True, ">= 0", False),
        (None, "< 3", False),
        (-1, "<= -0.5", True),
        (0.33, "0.25 +- 0.1", True),
        (0.36, "0.25+-0.1", False),
        (None, "1 +- 1", False),
        (10**400, "1 +- 1", False),
        ("a", "!= b", True),
        (3, "!= 3", False),
        (None, "!= 3", True),
        ("no frame for 3 s", "/no frame/", True),
        (None, "/x/", False),
        (503, "/^5/", True),
        ("x", "*", True),
        (0, "*", True),
        (None, "*", False),
        (None, "-", True),
        ("live", ["stalled", "/^li/"], True),
        (None, None, True),
    ],
)
def test_values(value: object, expected: object, holds: bool) -> None:
    assert is_match(value, expected) is holds


def test_paths_that_lead_nowhere_are_nothing() -> None:
    body = {"a": {"b": [1, {"c": 2}]}}
    assert at_path(body, "a.b.1.c") == 2
    for path in ("a.x", "a.b.7", "a.b.c", "a.b.0.z", "x.#", "a.b." + "9" * 5000):
        assert at_path(body, path) is None


def test_what_does_not_hold_is_said_with_what_there_is() -> None:
    assert mismatches({"state": "live"}, {"state": "stalled", "fps": ">= 1"}) == [
        "state is 'live', not 'stalled'",
        "fps is None, not '>= 1'",
    ]


@pytest.mark.parametrize("expected", ["/(/", ">= many", ["ok", "< x"], {"a": 1}, "> nan"])
def test_expectations_that_make_no_sense_are_told(expected: object) -> None:
    assert problem_of(expected)


@pytest.mark.parametrize("expected", ["1 +- e", "-.- +- 1", "1e +- 1", "1 +- 1e999"])
def test_a_tolerance_of_no_number_is_told_before_anything_is_compared(expected: str) -> None:
    assert problem_of(expected) == "expected a number before and behind +-"


@pytest.mark.parametrize("expected", ["/a|b/", ">= 2", "!= off", ["a", 2], None, 1.5, "//"])
def test_expectations_that_make_sense(expected: object) -> None:
    assert problem_of(expected) == ""
