"""Cameras and files through GStreamer, as the rest of edgedet reads them."""

import logging
from datetime import timedelta
from pathlib import Path

from edgedet.clock import Clock, Deadline
from edgedet.config.source import SourceSettings
from edgedet.errors import DecoderError, SourceError
from edgedet.frame import CaptureSource, CaptureTime, Frame, FrameInfo
from edgedet.log import redact
from edgedet.source.base import EndOfStreamError
from edgedet.source.credentials import credentials_of
from edgedet.source.description import describe
from edgedet.source.failure import missing_decoder
from edgedet.source.memory import MappedPicture
from edgedet.source.pipeline import Pipeline
from edgedet.source.uri import parse_uri

logger = logging.getLogger(__name__)

_MISSING_GRACE_S = 1.0  # a stream may hold a second video track that can be decoded


class GstSource:
    """A `FrameSource` on GStreamer. One thread opens, reads and closes it.

    Capture times: a file's are the wall clock at its opening plus the frame's own time; a camera's
    are those of arrival, with an unknown error. `pts_ns` grows over the rounds of a looped file,
    and starts anew when a camera is opened again. `seq` goes on.
    """

    def __init__(self, settings: SourceSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._is_file = settings.uri.startswith("file://")
        self._pipeline: Pipeline | None = None
        self._pending: MappedPicture | None = None
        self._decoder = ""
        self._next_seq = 0
        self._opened_utc = clock.utc_now()
        self._base_ns = 0
        self._end_ns = 0
        self._frames_in_round = 0

    @property
    def decoder(self) -> str:
        """The decoder element in use, as in `avdec_h264`; empty before the first frame."""
        return self._decoder

    def open(self, timeout_s: float) -> None:
        """Start the stream and wait for its first frame, which `read` returns.

        Raises:
            AuthenticationError: the camera refused the credentials.
            DecoderError: the stream has no video that can be decoded here.
            SourceError: anything else, or no frame came within `timeout_s`.
        """
        self.close()
        self._opened_utc = self._clock.utc_now()
        self._base_ns = self._end_ns = 0
        try:
            self._start()
            self._pending = self._first_picture(timeout_s)
        except BaseException:
            self.close()
            raise

    def read(self, timeout_s: float) -> Frame | None:
        """The next decoded frame, or None when none came within `timeout_s`.

        Raises:
            EndOfStreamError: at the end of a file that is not looped, or when a camera ended.
            SourceError: if the stream failed, or was never opened.
        """
        deadline = Deadline(timeout_s, self._clock)
        picture, self._pending = self._pending, None
        while picture is None:
            if self._pipeline is None:
                msg = f"{self._name()}: read before open"
                raise SourceError(msg)
            picture = self._pipeline.pull(deadline.remaining_s())
            if picture is not None:
                break
            if self._pipeline.is_at_end():
                self._start_again()
            elif deadline.is_over():
                return None
        return self._to_frame(picture)

    def close(self) -> None:
        """Stop and free everything; frames that were read stay valid."""
        pending, self._pending = self._pending, None
        if pending is not None:
            pending.release()
        pipeline, self._pipeline = self._pipeline, None
        if pipeline is not None:
            pipeline.stop()

    def _start(self) -> None:
        """Build and start the pipeline."""
        if self._is_file:
            self._check_file()
        description = describe(self._settings, credentials_of(self._settings))
        self._pipeline = Pipeline(description, self._name(), self._settings.id, self._clock)
        self._frames_in_round = 0
        self._pipeline.start()

    def _start_again(self) -> None:
        """Play a looped file once more; end everything else.

        A new pipeline for each round, not a seek: it works for every container, takes some
        milliseconds, and cannot leave anything behind.
        """
        if not self._settings.loop or self._frames_in_round == 0:
            msg = f"{self._name()}: the stream ended after {self._next_seq} frames"
            raise EndOfStreamError(msg)
        self._base_ns = self._end_ns
        if self._pipeline is not None:
            self._pipeline.stop()
        self._start()

    def _first_picture(self, timeout_s: float) -> MappedPicture:
        """Wait until the decoder delivers; that it exists proves nothing."""
        pipeline = self._pipeline
        if pipeline is None:  # pragma: no cover - _start has just set it
            raise AssertionError
        deadline = Deadline(timeout_s, self._clock)
        grace: Deadline | None = None
        while True:
            picture = pipeline.pull(deadline.remaining_s())
            if picture is not None:
                return picture
            if pipeline.missing and grace is None:
                grace = Deadline(min(_MISSING_GRACE_S, deadline.remaining_s()), self._clock)
            if grace is not None and grace.is_over():
                raise missing_decoder(self._name(), pipeline.missing)
            if pipeline.is_at_end():
                msg = f"{self._name()}: it ended without a single frame; is it empty or damaged?"
                raise DecoderError(msg)
            if deadline.is_over():
                msg = (
                    f"{self._name()}: no frame within {timeout_s:.1f} s; check that the camera is"
                    " switched on and reachable, and that the address is its video stream"
                )
                raise SourceError(msg)

    def _to_frame(self, picture: MappedPicture) -> Frame:
        """`picture` with its number and times."""
        arrival_s = self._clock.monotonic()
        pts_ns = None if picture.pts_ns is None else picture.pts_ns + self._base_ns
        if pts_ns is not None:
            self._end_ns = max(self._end_ns, pts_ns + picture.duration_ns)
        if self._is_file:
            position_ns = self._end_ns if pts_ns is None else pts_ns
            utc = self._opened_utc + timedelta(microseconds=position_ns / 1000)
            capture = CaptureTime(utc, CaptureSource.FILE)
        else:
            capture = CaptureTime(self._clock.utc_now(), CaptureSource.ARRIVAL)
        info = FrameInfo(
            source_id=self._settings.id,
            seq=self._next_seq,
            width=picture.width,
            height=picture.height,
            pts_ns=pts_ns,
            capture=capture,
            arrival_s=arrival_s,
        )
        self._next_seq += 1
        self._frames_in_round += 1
        if self._pipeline is not None:
            self._decoder = self._pipeline.decoder or "raw"
        return Frame(
            info, picture.pixel_format, picture.planes, picture.release, picture.is_full_range
        )

    def _check_file(self) -> None:
        """Say plainly what is wrong with a file, where GStreamer would be vague."""
        path = Path(parse_uri(self._settings.uri).location)
        if path.is_file():
            return
        if path.exists():
            what = "is a folder" if path.is_dir() else "is no regular file"
        else:
            what = "does not exist"
        msg = f"{self._name()}: '{path}' {what}; expected a video file"
        raise SourceError(msg)

    def _name(self) -> str:
        """How messages call this source."""
        return f"source '{self._settings.id}' ({redact(self._settings.uri)})"
