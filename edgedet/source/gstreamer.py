"""Cameras and files through GStreamer, as the rest of edgedet reads them."""

import logging
import threading
from datetime import timedelta
from pathlib import Path

from edgedet.clock import Clock, Deadline
from edgedet.config.source import SourceSettings
from edgedet.errors import DecoderError, SourceError
from edgedet.frame import CaptureSource, CaptureTime, Frame, FrameInfo
from edgedet.log import redact
from edgedet.source.base import EndOfStreamError, InterruptedOpenError, SourceCondition
from edgedet.source.capture import CaptureClock, ntp_time
from edgedet.source.credentials import credentials_of
from edgedet.source.decoders import HardwareTrust
from edgedet.source.description import describe
from edgedet.source.library import has_element
from edgedet.source.local import problem_of_device, problem_of_file
from edgedet.source.memory import MappedPicture
from edgedet.source.pipeline import Pipeline
from edgedet.source.quarantine import Quarantine
from edgedet.source.stream import Stream
from edgedet.source.teardown import Teardown
from edgedet.source.uri import parse_uri

logger = logging.getLogger(__name__)

_DAMAGE_TOLD_S = 10.0  # damage is told for so long, and not anew for each lost packet
_PROOF_FRAMES = 100  # a hardware decoder that gave so many works


class GstSource:
    """A `FrameSource` on GStreamer. One thread opens, reads and closes it.

    Capture times: a file's are the wall clock at its opening plus the frame's own time; for a
    camera's see `capture.py`. `pts_ns` grows over the rounds of a looped file, and starts anew when
    a camera is opened again. `seq` goes on.
    """

    def __init__(self, settings: SourceSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        scheme = settings.uri.partition("://")[0]
        self._is_file = scheme == "file"
        self._is_device = scheme == "v4l2"
        self._stream: Stream | None = None
        self._teardown = Teardown()
        self._quarantined_before = 0
        self._trust = HardwareTrust()
        self._capture = CaptureClock(scheme)
        self._pending: MappedPicture | None = None
        self._decoder = ""
        self._next_seq = 0
        self._opened_utc = clock.utc_now()
        self._base_ns = 0
        self._end_ns = 0
        self._frames_in_round = 0

    @property
    def condition(self) -> SourceCondition:
        """How the source is doing; `decoder` is empty before the first frame."""
        stream, notes = self._stream, [self._trust.note]
        if stream is not None and stream.has_damage_since(_DAMAGE_TOLD_S):
            notes.append("damaged pictures come in, and are left out until a keyframe follows")
        return SourceCondition(
            decoder=self._decoder,
            note="; ".join(note for note in notes if note),
            quarantined=self._quarantined_before + (stream.quarantined if stream else 0),
            abandoned=self._teardown.abandoned,
            clock_offset_ms=self._capture.offset_ms,
        )

    def open(self, timeout_s: float, stop: threading.Event | None = None) -> None:
        """Start the stream and wait for its first frame, which `read` returns.

        A hardware decoder that gives nothing is tried once more, and then replaced by software;
        each attempt has `timeout_s`. Once `stop` is set, it gives up within a moment.

        Raises:
            AuthenticationError: the camera refused the credentials.
            DecoderError: the stream has no video that can be decoded here.
            InterruptedOpenError: `stop` was set.
            SourceError: anything else, or no frame came within `timeout_s`.
        """
        self.close()
        self._opened_utc = self._clock.utc_now()
        self._base_ns = self._end_ns = 0
        self._capture.restart()
        while not self._is_open(timeout_s, stop):
            pass

    def read(self, timeout_s: float) -> Frame | None:
        """The next decoded frame, or None when none came within `timeout_s`.

        Raises:
            EndOfStreamError: at the end of a file that is not looped, or when a camera ended.
            SourceError: if the stream failed, or was never opened.
        """
        deadline = Deadline(timeout_s, self._clock)
        picture, self._pending = self._pending, None
        while picture is None:
            if self._stream is None:
                msg = f"{self._name()}: read before open"
                raise SourceError(msg)
            try:
                picture = self._stream.pull(deadline.remaining_s())
            except DecoderError:
                self._blame_hardware()
                raise
            if picture is not None:
                break
            if self._stream.pipeline.is_at_end():
                self._start_again()
            elif deadline.is_over():
                return None
        return self._to_frame(picture)

    def close(self) -> None:
        """Stop and free everything; frames that were read stay valid."""
        pending, self._pending = self._pending, None
        if pending is not None:
            pending.release()
        self._stop_stream()

    def _is_open(self, timeout_s: float, stop: threading.Event | None) -> bool:
        """Open once; False: it did not work, and is worth another attempt at once."""
        try:
            self._pending = self._start().first_picture(timeout_s, stop)
        except BaseException as exc:
            is_failure = isinstance(exc, SourceError) and not isinstance(exc, InterruptedOpenError)
            is_worth_it = is_failure and not self._trust.is_lost and self._blame_hardware()
            self.close()
            if not is_worth_it:
                raise
            logger.warning("%s", exc)
            return False
        return True

    def _start(self) -> Stream:
        """Build and start a pipeline."""
        self._check_local()
        try:
            self._teardown.check()
        except SourceError as exc:
            msg = f"{self._name()}: {exc}"
            raise SourceError(msg) from exc
        settings = self._settings
        description = describe(settings, credentials_of(settings), has_element)
        quarantine = (
            Quarantine(settings.keyframe_timeout_s, self._clock) if settings.is_camera else None
        )
        pipeline = Pipeline(
            description,
            self._name(),
            settings.id,
            self._clock,
            quarantine,
            software_only=self._trust.is_lost,
        )
        self._frames_in_round = 0
        self._stream = Stream(pipeline, quarantine, self._name(), self._clock)
        pipeline.start()
        return self._stream

    def _stop_stream(self) -> None:
        """Stop what runs."""
        stream, self._stream = self._stream, None
        if stream is not None:
            self._teardown.stop(stream.pipeline)
            self._quarantined_before += stream.quarantined

    def _start_again(self) -> None:
        """Play a looped file once more; end everything else.

        A new pipeline for each round, not a seek: it works for every container, takes some
        milliseconds, and cannot leave anything behind.
        """
        if not self._settings.loop or self._frames_in_round == 0:
            msg = f"{self._name()}: the stream ended after {self._next_seq} frames"
            raise EndOfStreamError(msg)
        self._base_ns = self._end_ns
        self._stop_stream()
        self._start()

    def _blame_hardware(self) -> bool:
        """Count a failure against the hardware decoder, if it was one's."""
        element = self._stream.failed_hardware() if self._stream is not None else ""
        if element:
            self._trust.failed(element)
        return bool(element)

    def _to_frame(self, picture: MappedPicture) -> Frame:
        """`picture` with its number and times."""
        pts_ns = None if picture.pts_ns is None else picture.pts_ns + self._base_ns
        if pts_ns is not None:
            self._end_ns = max(self._end_ns, pts_ns + picture.duration_ns)
        info = FrameInfo(
            source_id=self._settings.id,
            seq=self._next_seq,
            width=picture.width,
            height=picture.height,
            pts_ns=pts_ns,
            capture=self._capture_time(picture, pts_ns),
            arrival_s=self._clock.monotonic(),
        )
        self._next_seq += 1
        self._frames_in_round += 1
        if self._frames_in_round == _PROOF_FRAMES:
            self._trust.worked()
        if self._stream is not None:
            self._decoder = self._stream.decoder
        return Frame(
            info, picture.pixel_format, picture.planes, picture.release, picture.is_full_range
        )

    def _capture_time(self, picture: MappedPicture, pts_ns: int | None) -> CaptureTime:
        """When `picture` was taken."""
        if self._is_file:
            position_ns = self._end_ns if pts_ns is None else pts_ns
            utc = self._opened_utc + timedelta(microseconds=position_ns / 1000)
            return CaptureTime(utc, CaptureSource.FILE)
        age_s = None
        if self._stream is not None and picture.pts_ns is not None:
            age_s = self._stream.pipeline.age_s(picture.pts_ns)
        return self._capture.time_of(
            self._clock.utc_now(),
            self._clock.monotonic(),
            age_s=age_s,
            ntp=None if picture.ntp_ns is None else ntp_time(picture.ntp_ns),
            frame_s=picture.duration_ns / 1e9,
        )

    def _check_local(self) -> None:
        """Say plainly what is wrong with a file or device, where GStreamer would be vague."""
        if not (self._is_file or self._is_device):
            return
        path = Path(parse_uri(self._settings.uri).location)
        problem = problem_of_file(path) if self._is_file else problem_of_device(path)
        if problem:
            msg = f"{self._name()}: {problem}"
            raise SourceError(msg)

    def _name(self) -> str:
        """How messages call this source."""
        return f"source '{self._settings.id}' ({redact(self._settings.uri)})"
