"""What the rest of edgedet knows of a source: something that is opened, read and closed."""

import threading
from dataclasses import dataclass
from typing import Protocol

from edgedet.errors import SourceError
from edgedet.frame import Frame


class EndOfStreamError(SourceError):
    """The source has no more frames: a file was read to its end, or a camera closed the stream."""


class InterruptedOpenError(SourceError):
    """An opening was given up because its thread was asked to stop."""


@dataclass(frozen=True, slots=True)
class SourceCondition:
    """What a source says of itself beside its frames.

    `note` tells what is wrong although it is open, and is empty if nothing is; it stays the same
    as long as the trouble does. `quarantined` counts damaged frames that were left out, and
    `abandoned` pipelines that did not stop in time; both since the start. `clock_offset_ms` is the
    camera's clock less ours, where it tells its time.
    """

    decoder: str = ""
    note: str = ""
    quarantined: int = 0
    abandoned: int = 0
    clock_offset_ms: float | None = None


class FrameSource(Protocol):
    """A camera or file. One thread opens, reads and closes it.

    After `close` it may be opened again; frames that were read stay valid.
    """

    def open(self, timeout_s: float, stop: threading.Event | None = None) -> None:
        """Start the stream and wait for its first frame, which `read` returns.

        Once `stop` is set, it gives up within a moment.

        Raises:
            AuthenticationError: the camera refused the credentials.
            DecoderError: the stream has no video that can be decoded here.
            InterruptedOpenError: `stop` was set.
            SourceError: anything else, or no frame came within `timeout_s`.
        """
        ...

    def read(self, timeout_s: float) -> Frame | None:
        """The next decoded frame, or None when none came within `timeout_s`.

        The caller closes the frame. Raises EndOfStreamError at the end, SourceError on failure.
        """
        ...

    def close(self) -> None:
        """Stop and free everything; may be called twice, and while nothing is open."""
        ...

    @property
    def condition(self) -> SourceCondition:
        """How the source is doing; `decoder` is empty before the first frame."""
        ...
