"""The sink that writes each result as one line of JSON, in the form of the MQTT payload."""

import logging
from collections import Counter
from pathlib import Path

from edgedet.analytics import ObjectEvent, SourceCounts
from edgedet.clock import Clock
from edgedet.detections import FrameDetections
from edgedet.errors import PublishError
from edgedet.event import SourceStatus
from edgedet.paths import problem_of_file
from edgedet.publish.clock_sync import ClockSync
from edgedet.publish.identity import Origin
from edgedet.publish.payloads import DetectionsEncoder, Moment

logger = logging.getLogger(__name__)

_MAX_LINE_BYTES = 1 << 20


class JsonLinesSink:
    """A file of `edgedet.detections/1` objects, one a line, as they are published. One thread."""

    def __init__(self, path: Path, origin: Origin, clock: Clock, *, append: bool = False) -> None:
        """Open `path`; what is in it makes way for the first line, unless told to `append`.

        Raises:
            PublishError: the file cannot be written.
        """
        self._path = path
        self._clock = clock
        self._clock_sync = ClockSync(clock)
        self._encoder = DetectionsEncoder(origin, _MAX_LINE_BYTES)
        self._seq: Counter[str] = Counter()
        self._lost = 0
        # a run that comes to nothing, as with a broken model, leaves an older result alone
        self._replaces = not append and not problem_of_file(path)
        try:
            # kept open for the life of the sink, hence no context manager
            self._file = path.open("ab")
        except OSError as exc:
            raise self._error(exc) from exc

    def publish(self, result: FrameDetections) -> None:
        """Append one line, at once visible to readers.

        Raises:
            PublishError: the line could not be written, as on a full disk.
        """
        frame = result.frame
        moment = Moment(
            utc=self._clock.utc_now(),
            latency_ms=(self._clock.monotonic() - frame.arrival_s) * 1000,
            clock=self._clock_sync.state(),
        )
        seq = self._seq[frame.source_id]
        encoded = self._encoder.encode(result, seq=seq, moment=moment, skipped=result.skipped)
        try:
            if self._replaces:
                self._file.truncate(0)
                self._replaces = False
            self._file.write(encoded.payload + b"\n")
            self._file.flush()
        except OSError as exc:
            self._lost += 1
            raise self._error(exc) from exc
        self._seq[frame.source_id] += 1

    def publish_status(self, status: SourceStatus) -> None:
        """Nothing: the file holds detections alone."""

    def publish_event(self, event: ObjectEvent) -> None:
        """Nothing: the file holds detections alone."""

    def publish_counts(self, counts: SourceCounts) -> None:
        """Nothing: the file holds detections alone."""

    def wait_for_room(self, timeout_s: float) -> bool:  # noqa: ARG002 - the protocol's
        """Whether there is room: always, as `publish` writes at once."""
        return True

    def flush(self, timeout_s: float) -> int:  # noqa: ARG002 - the protocol's
        """Lines that could not be written; nothing else is ever pending."""
        return self._lost

    def close(self, timeout_s: float) -> None:  # noqa: ARG002 - the protocol's
        """Close the file."""
        try:
            self._file.close()
        except OSError as exc:  # what could not be written before cannot be written now
            logger.debug("closing %s: %s", self._path, exc)

    def _error(self, exc: OSError) -> PublishError:
        msg = (
            f"cannot write detections to '{self._path}': {exc.strerror or exc}; "
            "choose a file in a folder that is writable and has space left"
        )
        return PublishError(msg)
