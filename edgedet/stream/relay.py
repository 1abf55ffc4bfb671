"""One feeder after another for the same source, as its settings change while it runs."""

import threading
from collections.abc import Callable
from dataclasses import replace

from edgedet.config.source import SourceSettings
from edgedet.event import SourceState
from edgedet.frame import Frame
from edgedet.source.base import FrameSource, SourceCondition
from edgedet.stream.channel import Channel
from edgedet.stream.feeder import Feeder, Outcome
from edgedet.stream.record import SourceRecord
from edgedet.stream.worker import StopSignal

DISABLED = "enabled: false in the configuration"
CHANGED = "the configuration was changed"

_STEP_S = 0.2  # how soon a waiting feeder sees that the service stops

MakeFeeder = Callable[[SourceSettings, int], Feeder]
"""Makes the feeder for these settings; the number of its first frame."""


class Relay:
    """Keeps one source fed. `run` is the target of a worker, `replace` is for any thread.

    Frames go on being numbered from feeder to feeder, since their numbers are part of message ids.
    """

    def __init__(
        self,
        settings: SourceSettings,
        make_feeder: MakeFeeder,
        channel: Channel[Frame],
        record: SourceRecord,
        *,
        ends_disabled: bool = False,
    ) -> None:
        """Prepare; nothing is opened before `run`.

        `ends_disabled`: a source that is not enabled ends at once, in a run that ends by itself.
        """
        self.record = record
        self._ends_disabled = ends_disabled
        self._make_feeder = make_feeder
        self._channel = channel
        self._lock = threading.Lock()  # guards the four below
        self._settings = settings
        self._pending: SourceSettings | None = None
        self._turn: _Turn | None = None
        self._outcome = Outcome.RUNNING

    @property
    def settings(self) -> SourceSettings:
        """Those that the present feeder has."""
        return self._settings

    @property
    def outcome(self) -> Outcome:
        """How the feeding came to its end."""
        return self._outcome

    def replace(self, settings: SourceSettings) -> bool:
        """Let a feeder with `settings` take over soon; False if the feeding has ended."""
        with self._lock:
            if self._outcome is not Outcome.RUNNING:
                return False
            self._pending = settings
            if self._turn is not None:
                self._turn.set()
        return True

    def run(self, stop: StopSignal) -> None:
        """Feed until the source has ended or failed for good, or `stop` is set."""
        try:
            while self._outcome is Outcome.RUNNING:
                turn = self._next_turn(stop)
                outcome = self._feed(turn)
                with self._lock:
                    if stop.is_set() or outcome is not Outcome.STOPPED or self._pending is None:
                        self._outcome = outcome
        finally:
            self._channel.close()

    def _next_turn(self, stop: StopSignal) -> "_Turn":
        with self._lock:
            turn = self._turn = _Turn(stop)
            if self._pending is not None:
                self._settings, self._pending = self._pending, None
                # before anybody can see the new settings with the old state
                self.record.change(SourceState.RECONNECTING, CHANGED)
        return turn

    def _feed(self, turn: "_Turn") -> Outcome:
        if not self._settings.enabled:
            self.record.change(SourceState.DISABLED, DISABLED)
            while not self._ends_disabled and not turn.wait(_STEP_S):
                pass
            return Outcome.STOPPED
        feeder = self._make_feeder(self._settings, self.record.next_seq)
        feeder.run(turn)
        return feeder.outcome


class Renumbered:
    """A source whose frames are numbered from `first_seq` on."""

    def __init__(self, source: FrameSource, first_seq: int) -> None:
        """Wrap `source`, whose own numbers begin with 0."""
        self._source = source
        self._first_seq = first_seq

    @property
    def condition(self) -> SourceCondition:
        """That of the source."""
        return self._source.condition

    def open(self, timeout_s: float, stop: threading.Event | None = None) -> None:
        """Open the source; see `FrameSource.open`."""
        self._source.open(timeout_s, stop)

    def read(self, timeout_s: float) -> Frame | None:
        """The next frame with its new number; see `FrameSource.read`."""
        frame = self._source.read(timeout_s)
        if frame is None:
            return None
        return replace(frame, info=replace(frame.info, seq=frame.info.seq + self._first_seq))

    def close(self) -> None:
        """Close the source."""
        self._source.close()


class _Turn(threading.Event):
    """Ends when the service stops, or when somebody sets it because another turn is due."""

    def __init__(self, stop: StopSignal) -> None:
        super().__init__()
        self._stop = stop

    def is_set(self) -> bool:
        """Whether to end; a sign of life of the worker."""
        return self._stop.is_set() or super().is_set()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait to end, for so many seconds at most."""
        left_s = float("inf") if timeout is None else timeout
        while left_s > 0.0 and not self.is_set():
            step_s = min(_STEP_S, left_s)
            super().wait(step_s)
            left_s -= step_s
        return self.is_set()
