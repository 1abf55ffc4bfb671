"""What the rest of edgedet knows of a source: something that is opened, read and closed."""

from typing import Protocol

from edgedet.errors import SourceError
from edgedet.frame import Frame


class EndOfStreamError(SourceError):
    """The source has no more frames: a file was read to its end, or a camera closed the stream."""


class FrameSource(Protocol):
    """A camera or file. One thread opens, reads and closes it.

    After `close` it may be opened again; frames that were read stay valid.
    """

    def open(self, timeout_s: float) -> None:
        """Start the stream and wait for its first frame, which `read` returns.

        Raises:
            AuthenticationError: the camera refused the credentials.
            DecoderError: the stream has no video that can be decoded here.
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
    def decoder(self) -> str:
        """The decoder element in use, as in `avdec_h264`; empty before the first frame."""
        ...
