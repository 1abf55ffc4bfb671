"""What the scripted peer has counted, for expectations."""

import threading
import time
from collections.abc import Mapping

_COUNTS = (
    "connects", "accepted", "refused", "connected", "oversized", "duplicates", "unacknowledged",
    "most_unacknowledged",
)  # fmt: skip
FACTS = (*_COUNTS, "protocol", "client_id", "connect_gap_s")


class PeerFacts:
    """Counters; for any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()  # guards all that follows
        self._counts = dict.fromkeys(_COUNTS, 0)
        self._protocol = self._client_id = ""
        self._greeted_s: float | None = None
        self._gap_s = 0.0

    def all(self) -> Mapping[str, int | float | str]:
        """Everything; `protocol` and `client_id` are those of the last greeting.

        `connect_gap_s` is the time between the last two.
        """
        with self._lock:
            return {
                **self._counts,
                "protocol": self._protocol,
                "client_id": self._client_id,
                "connect_gap_s": self._gap_s,
            }

    def greeted(self, protocol: int, client_id: str) -> None:
        """Note a greeting."""
        now_s = time.monotonic()
        with self._lock:
            if self._greeted_s is not None:
                self._gap_s = round(now_s - self._greeted_s, 3)
            self._greeted_s = now_s
            self._protocol = "5.0" if protocol == 5 else "3.1.1"
            self._client_id = client_id

    def count(self, name: str, count: int) -> None:
        """Add `count`."""
        with self._lock:
            self._counts[name] += count
            most = max(self._counts["most_unacknowledged"], self._counts["unacknowledged"])
            self._counts["most_unacknowledged"] = most

    def forget_unacknowledged(self) -> None:
        """A connection has ended, and with it what was under way."""
        with self._lock:
            self._counts["unacknowledged"] = 0
