"""The fewest convolutions left in float with which an INT8 model stays inside its budget."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

_MOST_TO_PRUNE = 8


@dataclass(frozen=True, slots=True)
class SearchResult:
    """What was found: names to leave in float, and the points of AP that are lost with them."""

    names: tuple[str, ...]
    drop_points: float


def fewest_in_float(
    ranked: Sequence[str], drop_points: Callable[[tuple[str, ...]], float], budget_points: float
) -> SearchResult | None:
    """The shortest prefix of `ranked` that is enough, less those of it that are not needed.

    Tries 1, 2, 4, … of them, then bisects between the last two, then takes one after the other out
    again. None if half of them are not enough: what is mostly float gains nothing from INT8.

    Args:
        ranked: Names, the most sensitive first.
        drop_points: Measures a choice; it is asked once for each.
        budget_points: How many points may be lost.
    """
    known: dict[tuple[str, ...], float] = {}

    def measure(names: tuple[str, ...]) -> float:
        if names not in known:
            known[names] = drop_points(names)
        return known[names]

    low, high, most = 0, 1, len(ranked) // 2  # low is not enough
    if most < 1:
        return None
    while measure(tuple(ranked[:high])) > budget_points:
        if high >= most:
            return None
        low, high = high, min(2 * high, most)
    while high - low > 1:
        middle = (low + high) // 2
        if measure(tuple(ranked[:middle])) <= budget_points:
            high = middle
        else:
            low = middle
    chosen = _pruned(tuple(ranked[:high]), measure, budget_points)
    return SearchResult(chosen, measure(chosen))


def _pruned(
    chosen: tuple[str, ...], measure: Callable[[tuple[str, ...]], float], budget_points: float
) -> tuple[str, ...]:
    """Without those that are not needed, the least sensitive asked first; a few are asked only."""
    if len(chosen) > _MOST_TO_PRUNE:
        return chosen
    for name in chosen[-2::-1]:
        fewer = tuple(each for each in chosen if each != name)
        if measure(fewer) <= budget_points:
            chosen = fewer
    return chosen
