"""How much time lies between two frames of a source: in the scene, not in this machine."""

from edgedet.frame import FrameInfo

_JITTER_S = 1.0  # frames arrive late, but not by more than this unless a stream began anew
_LEAST_S = 0.001  # two frames are never at one moment


class Timebase:
    """Spans between the frames of one source, never negative. For one thread.

    A file that is not played in real time has its own time; a camera's stream has too, as long as
    it agrees with the arrival of its frames. After a reconnect, or when a camera counts wildly, the
    arrival says it.
    """

    def __init__(self, *, is_lossless: bool) -> None:
        """Begin before the first frame."""
        self._is_lossless = is_lossless
        self._last: FrameInfo | None = None

    def span_s(self, frame: FrameInfo) -> float:
        """Seconds since the frame before; 0 for the first."""
        last, self._last = self._last, frame
        if last is None:
            return 0.0
        arrival_s = frame.arrival_s - last.arrival_s
        stream_s = None
        if frame.pts_ns is not None and last.pts_ns is not None:
            stream_s = (frame.pts_ns - last.pts_ns) / 1e9
        if self._is_lossless:
            captured_s = (frame.capture.utc - last.capture.utc).total_seconds()
            return max(stream_s if stream_s and stream_s > 0.0 else captured_s, _LEAST_S)
        if stream_s is not None and stream_s > 0.0 and abs(stream_s - arrival_s) <= _JITTER_S:
            return max(stream_s, _LEAST_S)
        return max(arrival_s, _LEAST_S)
