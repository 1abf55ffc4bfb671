"""Whether a change that is under way is still wanted, asked while it waits."""

from collections.abc import Callable

from edgedet.clock import Clock, Deadline
from edgedet.stream.worker import StopSignal

_TICK_S = 0.5


class InterruptedChangeError(Exception):
    """A change is not to be gone on with. `is_stop`: until the next start of the service."""

    def __init__(self, reason: str, *, is_stop: bool = False) -> None:
        """Say why."""
        super().__init__(reason)
        self.is_stop = is_stop


class Interruption:
    """Ends a change at its next pause when the service ends, or something else is wanted."""

    def __init__(self, stop: StopSignal, find_reason: Callable[[], str], clock: Clock) -> None:
        """Look at `stop`, and ask `find_reason`, whose first answer that is not empty holds."""
        self._stop = stop
        self._find_reason = find_reason
        self._clock = clock
        self._reason = ""

    def check(self) -> None:
        """Go on, if that is wanted.

        Raises:
            InterruptedChangeError: it is not.
        """
        if self._stop.is_set():
            msg = "the service ends"
            raise InterruptedChangeError(msg, is_stop=True)
        self._reason = self._reason or self._find_reason()
        if self._reason:
            raise InterruptedChangeError(self._reason)

    def pause(self, seconds: float) -> None:
        """Wait, looking round twice a second.

        Raises:
            InterruptedChangeError: there is something else to do.
        """
        deadline = Deadline(seconds, self._clock)
        self.check()
        while not deadline.is_over():
            self._stop.wait(min(_TICK_S, deadline.remaining_s()))
            self.check()
