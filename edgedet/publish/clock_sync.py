"""Whether the machine's clock can be trusted, asked of the kernel.

Small boards boot in 1970 until NTP has answered; subscribers are told instead of being misled.
"""

import ctypes
import sys
from typing import Literal

from edgedet.clock import Clock

ClockState = Literal["synced", "unsynced", "unknown"]

# Source: adjtimex(2). `struct timex` has 208 bytes on 64-bit Linux, 128 on 32-bit.
_TIMEX_BYTES = 256
_TIME_ERROR = 5
_REFRESH_S = 5.0


def read_clock_state() -> ClockState:
    """What the kernel says now: `unknown` where there is no `adjtimex`, or it may not be called."""
    if not sys.platform.startswith("linux"):
        return "unknown"
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        timex = ctypes.create_string_buffer(_TIMEX_BYTES)  # modes = 0: read only
        answer = int(libc.adjtimex(timex))
    except (OSError, AttributeError):
        return "unknown"
    if answer < 0:
        return "unknown"
    return "unsynced" if answer == _TIME_ERROR else "synced"


class ClockSync:
    """The state of the clock, asked of the kernel at most every five seconds. For one thread."""

    def __init__(self, clock: Clock) -> None:
        """Age the cached answer by `clock`."""
        self._clock = clock
        self._state: ClockState = "unknown"
        self._read_s = float("-inf")

    def state(self) -> ClockState:
        """The latest known state."""
        now_s = self._clock.monotonic()
        if now_s - self._read_s >= _REFRESH_S:
            self._state = read_clock_state()
            self._read_s = now_s
        return self._state
