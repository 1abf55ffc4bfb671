"""Stopping pipelines, and what becomes of those that hang in a driver."""

from typing import Protocol

from edgedet.errors import SourceError

_MOST_LEFT_BEHIND = 2


class Stoppable(Protocol):
    """A pipeline, as its end sees it."""

    def stop(self) -> bool:
        """Stop it; whether it did within its limit."""
        ...

    @property
    def has_stopped(self) -> bool:
        """Whether it is at rest by now."""
        ...


class Teardown:
    """Stops the pipelines of one source. One thread uses it."""

    def __init__(self) -> None:
        """Begin with nothing left behind."""
        self._left_behind: list[Stoppable] = []
        self.abandoned = 0

    def stop(self, pipeline: Stoppable) -> None:
        """Stop `pipeline`; one that hangs is left behind and counted."""
        if not pipeline.stop():
            self._left_behind.append(pipeline)
            self.abandoned += 1

    def check(self) -> None:
        """Refuse to go on where each new pipeline would hang in the same driver, and stay.

        Raises:
            SourceError: if too many still hang.
        """
        self._left_behind = [each for each in self._left_behind if not each.has_stopped]
        count = len(self._left_behind)
        if count >= _MOST_LEFT_BEHIND:
            msg = (
                f"{count} earlier attempts still hang in the driver; unplug the camera, or restart"
                " the service"
            )
            raise SourceError(msg)
