"""How long to wait before a lost source is opened again; arithmetic only, nothing sleeps here."""

import random
from dataclasses import dataclass, field


@dataclass(slots=True)
class Backoff:
    """Growing pauses with full jitter: the n-th is uniform in [0, min(cap, first * 2**n)].

    Jitter over the whole range keeps cameras behind one switch from coming back in step; half the
    first pause is its floor, so that a refusing camera is not asked in a tight loop.

    Source: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
    """

    first_s: float = 1.0
    cap_s: float = 30.0
    rng: random.Random = field(default_factory=random.Random, repr=False)
    attempts: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        """Refuse limits that make no sense."""
        if not 0 < self.first_s <= self.cap_s:
            msg = f"back-off needs 0 < first_s <= cap_s, got {self.first_s} and {self.cap_s}"
            raise ValueError(msg)

    def next_s(self) -> float:
        """Seconds to wait before the next attempt."""
        doublings = min(self.attempts, 64)  # 2**64 s is beyond any cap, and a float
        limit_s = min(self.cap_s, self.first_s * 2.0**doublings)
        self.attempts += 1
        return max(self.first_s / 2, self.rng.uniform(0.0, limit_s))

    def reset(self) -> None:
        """Start small again, after the source has delivered frames."""
        self.attempts = 0
