"""Whose turn it is when several want the same: each its share, by weight.

Start-time fair queueing. Whoever was served waits until the others had their share; whoever wanted
nothing meanwhile has saved up nothing, so a burst takes no more than its share either.

Source: Goyal, Vin, Cheng, "Start-time fair queueing", SIGCOMM 1996.
"""

from collections.abc import Sequence


class Turns:
    """The order of those who want something. For one thread."""

    def __init__(self, weights: Sequence[float]) -> None:
        """Begin with nobody served. A weight of 2 is served twice as often as one of 1."""
        self.weights = tuple(weights)
        self._finish = [0.0] * len(self.weights)
        self._now = 0.0

    def join(self, number: int, weight: float) -> None:
        """One more, or another one in the place of `number`; it was not served yet."""
        weights = list(self.weights)
        weights[number : number + 1] = [weight]
        self.weights = tuple(weights)
        self._finish[number : number + 1] = [0.0]

    def order(self) -> list[int]:
        """All of them by number, the one whose turn it is first."""
        return sorted(range(len(self.weights)), key=lambda n: (self._start(n), self._finish[n], n))

    def served(self, number: int) -> None:
        """`number` got what it wanted, once."""
        self._now = self._start(number)
        self._finish[number] = self._now + 1.0 / self.weights[number]

    def _start(self, number: int) -> float:
        return max(self._now, self._finish[number])
