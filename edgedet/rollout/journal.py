"""The record of a change as it goes on: written before anything is done, then told."""

import logging
from collections.abc import Callable

from edgedet.clock import Clock
from edgedet.errors import ModelError
from edgedet.rollout.record import Record, RecordFile, State, closed

logger = logging.getLogger(__name__)


class Journal:
    """Keeps the record of one service. For one thread; `record` for any."""

    def __init__(
        self,
        file: RecordFile,
        record: Record,
        clock: Clock,
        on_change: Callable[[Record], None],
    ) -> None:
        """Go on from `record`; `on_change` is told of every step once it is written down."""
        self.record = record
        self._file = file
        self._clock = clock
        self._on_change = on_change

    def note(self, state: State, **changes: object) -> None:
        """Write down how far it is, and tell.

        Raises:
            ModelError: it cannot be written down; nothing may be done then.
        """
        record = self._next(state, changes)
        self._file.write(record)
        self._take(record)

    def note_the_end(self, state: State, **changes: object) -> None:
        """The same for what is done already, or must be, whether it can be written down or not."""
        record = self._next(state, changes)
        try:
            self._file.write(record)
        except ModelError as exc:
            logger.error("%s", exc)  # noqa: TRY400 - the message says it all
        self._take(record)

    def amend(self, **changes: object) -> None:
        """Write down what changes nothing in how far it is.

        Raises:
            ModelError: it cannot be written down.
        """
        record = self.record.model_copy(update=changes)
        self._file.write(record)
        self.record = record

    def _next(self, state: State, changes: dict[str, object]) -> Record:
        now = self._clock.utc_now()
        record = self.record.model_copy(update={"state": state, "since": now, **changes})
        return closed(record) if state.is_over else record

    def _take(self, record: Record) -> None:
        self.record = record
        told = f": {record.reason}" if record.reason else ""
        logger.info("model %s: %s%s", record.to or record.wish, record.state.value, told)
        self._on_change(record)
