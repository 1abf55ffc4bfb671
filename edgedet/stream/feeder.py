"""Keeps one source open and its newest frames in a channel, whatever the camera does.

A camera is opened again for ever. A file that is played once ends, or fails for good: what is in it
does not get better by trying.
"""

import logging
import threading
from collections.abc import Callable
from enum import Enum
from typing import Protocol

from edgedet.config.source import SourceSettings
from edgedet.errors import AuthenticationError, DecoderError, SourceError
from edgedet.event import SourceState
from edgedet.frame import Frame
from edgedet.source.base import EndOfStreamError, FrameSource, InterruptedOpenError
from edgedet.stream.channel import Channel
from edgedet.stream.picture import PictureWatch
from edgedet.stream.record import SourceRecord

logger = logging.getLogger(__name__)

_READ_TIMEOUT_S = 0.5  # how soon a stop and a stall are seen
_PUT_TIMEOUT_S = 0.5
_ROOM_TIMEOUT_S = 0.5


def _always_room(_timeout_s: float) -> bool:
    """The answer of an outlet that takes everything."""
    return True


class RetryDelay(Protocol):
    """Says how long to wait before the next attempt, longer each time until it is reset."""

    def next_s(self) -> float:
        """Seconds until the next attempt."""
        ...

    def reset(self) -> None:
        """Begin anew after a success."""
        ...


class Outcome(str, Enum):
    """How the feeding of a source came to its end."""

    RUNNING = "running"
    ENDED = "ended"
    FAILED = "failed"
    STOPPED = "stopped"


class StallError(SourceError):
    """An open source that delivers no frames, or always the same."""


class Feeder:
    """Reads one source into its channel; `run` is the target of a worker."""

    def __init__(  # noqa: PLR0913 - the composition root hands over every part by name
        self,
        *,
        settings: SourceSettings,
        source: FrameSource,
        channel: Channel[Frame],
        record: SourceRecord,
        delay: RetryDelay,
        wait_for_room: Callable[[float], bool] = _always_room,
    ) -> None:
        """Prepare; the source is opened, read and closed inside `run` only.

        A lossless source asks `wait_for_room` before it reads on: whether there is room, having
        waited for it so many seconds at most.
        """
        self.record = record
        self.outcome = Outcome.RUNNING
        self._settings = settings
        self._source = source
        self._channel = channel
        self._delay = delay
        self._wait_for_room = wait_for_room if settings.is_lossless else _always_room
        self._clock = record.clock
        self._picture = PictureWatch(settings.picture, self._clock)

    def run(self, stop: threading.Event) -> None:
        """Feed until the source has ended or failed for good, or `stop` is set.

        The channel stays open: another feeder may follow.
        """
        try:
            self.outcome = self._feed(stop)
        except Exception as exc:
            logger.exception("source '%s': given up", self._settings.id)
            self.record.change(SourceState.DISABLED, f"internal error: {exc}")
            self.outcome = Outcome.FAILED

    def _feed(self, stop: threading.Event) -> Outcome:
        while not stop.is_set():
            outcome = self._attempt(stop)
            if outcome is not Outcome.RUNNING:
                return outcome
            if not stop.wait(self._delay.next_s()):
                self.record.count_reconnect()
        return Outcome.STOPPED

    def _attempt(self, stop: threading.Event) -> Outcome:
        """Open, read to the end and close once; RUNNING: try again after a while."""
        try:
            self._source.open(self._settings.open_timeout_s, stop)
            self._read_all(stop)
        except InterruptedOpenError:
            return Outcome.STOPPED
        except EndOfStreamError as exc:
            return self._at_end(exc)
        except SourceError as exc:
            return self._in_trouble(exc)
        finally:
            self._source.close()
            self.record.set_condition(self._source.condition)
        return Outcome.STOPPED

    def _read_all(self, stop: threading.Event) -> None:
        """Pass frames on until `stop`; the end and any trouble raise."""
        waiting_since_s = self._clock.monotonic()
        self._picture.restart()
        is_first = True
        while not stop.is_set() and not self._channel.is_closed:
            if not self._may_read_on():
                waiting_since_s = self._clock.monotonic()
                continue
            frame = self._source.read(_READ_TIMEOUT_S)
            if frame is None:
                self._check_stall(waiting_since_s)
                if not is_first:
                    self._tell_condition()
                continue
            if is_first:
                is_first = False
                self._delay.reset()
            self._look_at(frame)
            self._pass_on(frame, stop)
            waiting_since_s = self._clock.monotonic()

    def _may_read_on(self) -> bool:
        """Whether a frame that must not be lost would find its way."""
        if self._settings.is_lossless and not self.record.wait_until_resumed(_ROOM_TIMEOUT_S):
            return False
        return self._wait_for_room(_ROOM_TIMEOUT_S)

    def _pass_on(self, frame: Frame, stop: threading.Event) -> None:
        """Put `frame` into the channel, or close it where it may not go."""
        self.record.count_frame(frame.info)
        if self.record.is_paused:
            self.record.leave_out()
            frame.close()
            return
        while not self._channel.put(frame, _PUT_TIMEOUT_S):
            if stop.is_set() or self._channel.is_closed:
                frame.close()
                return

    def _look_at(self, frame: Frame) -> None:
        """Tell how the source is, as of `frame`; raise if it stands still for too long."""
        if self._settings.is_camera:
            self._picture.look(frame)
            if self._picture.wants_reopening():
                self._picture.note_reopening()
                frame.close()
                msg = (
                    f"source '{self._settings.id}': the picture has not changed for"
                    f" {self._picture.frozen_s:.0f} s; opening it again, once"
                )
                raise StallError(msg)
        self._tell_condition()

    def _tell_condition(self) -> None:
        """Live, or degraded and why."""
        condition = self._source.condition
        self.record.set_condition(condition)
        notes = (condition.note, *self._picture.notes)
        reason = "; ".join(note for note in notes if note)
        if not self.record.is_news(SourceState.DEGRADED if reason else SourceState.LIVE, reason):
            return
        if reason:
            self.record.change(SourceState.DEGRADED, reason)
            logger.warning("source '%s': degraded: %s", self._settings.id, reason)
        else:
            self.record.change(SourceState.LIVE)
            logger.info("source '%s': live", self._settings.id)

    def _check_stall(self, waiting_since_s: float) -> None:
        waited_s = self._clock.monotonic() - waiting_since_s
        if waited_s >= self._settings.stall_timeout_s:
            msg = (
                f"source '{self._settings.id}': no frame for {waited_s:.1f} s"
                f" (limit {self._settings.stall_timeout_s:g} s); opening it again"
            )
            raise StallError(msg)

    def _at_end(self, exc: EndOfStreamError) -> Outcome:
        if not self._settings.is_finite:
            return self._in_trouble(exc)
        if self.record.decoded == 0:
            msg = f"source '{self._settings.id}': ended without a single frame"
            return self._in_trouble(DecoderError(msg))
        self.record.change(SourceState.ENDED)
        logger.info("source '%s': ended after %d frames", self._settings.id, self.record.decoded)
        return Outcome.ENDED

    def _in_trouble(self, exc: SourceError) -> Outcome:
        """Tell what is wrong; give up a finite source, try any other again."""
        state = _state_of(exc)
        if self._settings.is_finite:
            if state is not SourceState.NO_DECODER:
                state = SourceState.DISABLED
            self.record.change(state, str(exc))
            logger.error("%s", exc)
            return Outcome.FAILED
        if self.record.change(state, str(exc)):
            logger.warning("%s", exc)
        return Outcome.RUNNING


def _state_of(exc: SourceError) -> SourceState:
    if isinstance(exc, AuthenticationError):
        return SourceState.AUTH_FAILED
    if isinstance(exc, DecoderError):
        return SourceState.NO_DECODER
    if isinstance(exc, StallError):
        return SourceState.STALLED
    return SourceState.RECONNECTING
