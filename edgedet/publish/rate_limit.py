"""At most so many messages a second from each source."""

from dataclasses import dataclass


@dataclass(slots=True)
class _Source:
    next_s: float = float("-inf")
    left_out: int = 0


class RateLimit:
    """Admits results by their time, and counts those left out. One thread a source."""

    def __init__(self, max_per_s: float | None) -> None:
        """Admit `max_per_s` a second, or all."""
        self._interval_s = 1.0 / max_per_s if max_per_s else 0.0
        self._sources: dict[str, _Source] = {}

    def admit(self, source_id: str, now_s: float, skipped: int) -> int | None:
        """None if the result must be left out, else how many frames went untold before it.

        `skipped` is what the result itself tells of frames before it; left out, the next tells it.
        """
        source = self._sources.setdefault(source_id, _Source())
        if now_s < source.next_s:
            source.left_out += 1 + skipped
            return None
        # from the planned time, not from now: else 15 frames/s limited to 10 would give 7.5
        is_late = now_s - source.next_s > self._interval_s
        source.next_s = (now_s if is_late else source.next_s) + self._interval_s
        left_out, source.left_out = source.left_out, 0
        return left_out
