import pytest

from train.quantize.search import fewest_in_float

RANKED = tuple("abcdefghijklmnop")


class Costs:
    """Points that are lost: those of each layer that is still quantized."""

    def __init__(self, **points: float) -> None:
        self.points = points
        self.asked: list[tuple[str, ...]] = []

    def __call__(self, names: tuple[str, ...]) -> float:
        self.asked.append(names)
        return sum(cost for name, cost in self.points.items() if name not in names)


@pytest.mark.parametrize(
    ("costs", "expected"),
    [
        ({"a": 1.0}, "a"),
        ({"a": 1.0, "b": 0.4, "c": 0.4}, "ab"),
        ({"a": 1.0, "b": 1.0, "c": 1.0}, "abc"),
        ({"c": 1.0}, "c"),  # ranked third, and alone to blame: a and b are not needed
        ({"a": 0.6, "e": 0.6}, "a"),  # either of them would do
    ],
    ids=str,
)
def test_finds_the_fewest(costs: dict[str, float], expected: str) -> None:
    found = fewest_in_float(RANKED, Costs(**costs), 0.6)
    assert found is not None
    assert "".join(found.names) == expected
    assert found.drop_points <= 0.6


def test_asks_for_each_choice_once_and_for_few() -> None:
    costs = Costs(**dict.fromkeys(RANKED, 1.0))
    found = fewest_in_float(RANKED * 2, costs, 5.5)
    assert found is not None
    assert "".join(found.names) == "abcdefghijk"
    assert len(costs.asked) == len(set(costs.asked)) <= 9


def test_gives_up_if_half_of_them_are_not_enough() -> None:
    assert fewest_in_float(RANKED, Costs(**dict.fromkeys(RANKED, 1.0)), 7.5) is None
    assert fewest_in_float(RANKED, Costs(**dict.fromkeys(RANKED, 1.0)), 8.5) is not None
    assert fewest_in_float(RANKED, lambda _: 9.0, 0.5) is None
    assert fewest_in_float(("a",), lambda _: 9.0, 0.5) is None
