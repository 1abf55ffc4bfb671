"""What stands for an address or a number."""

from edgedet.sim.scenario.placeholders import filled, placeholders_in


def test_what_is_known_is_filled_in_everywhere_and_the_rest_is_left() -> None:
    value = {"a": ["x-${n}", "${n}", 3, None], "b": {"c": "${other} ${n}"}}
    assert filled(value, {"n": 7}) == {"a": ["x-7", 7, 3, None], "b": {"c": "${other} 7"}}


def test_what_is_no_placeholder_is_left() -> None:
    assert filled("a$ ${} ${N} $n", {"n": 1}) == "a$ ${} ${N} $n"


def test_placeholders_are_found_everywhere() -> None:
    assert list(placeholders_in({"a": ["${x} ${y}", ("${z}",)], "b": 3})) == ["x", "y", "z"]
