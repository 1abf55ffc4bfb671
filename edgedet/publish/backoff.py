"""How long to wait before the next attempt to reach the broker."""

import random
from collections.abc import Callable

FIRST_S = 1.0
LONGEST_S = 10.0


class Backoff:
    """Waits that double from one second to ten, each between half and the whole of it by chance.

    By chance, so that a fleet does not come back to its broker in one moment.
    """

    def __init__(
        self,
        first_s: float = FIRST_S,
        longest_s: float = LONGEST_S,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """Draw from `chance`, uniform in [0, 1)."""
        self._first_s = first_s
        self._longest_s = longest_s
        self._chance = chance
        self._attempt = 0

    def next_s(self) -> float:
        """The wait before the next attempt."""
        whole_s = min(self._longest_s, self._first_s * 2.0**self._attempt)
        if whole_s < self._longest_s:
            self._attempt += 1
        return whole_s * (0.5 + 0.5 * self._chance())

    def reset(self) -> None:
        """Begin anew after a success."""
        self._attempt = 0
