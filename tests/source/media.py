"""Makes small video files with GStreamer, and sources that read them."""

from pathlib import Path

from edgedet.clock import SystemClock
from edgedet.config.source import SourceSettings
from edgedet.errors import SourceError
from edgedet.frame import Frame
from edgedet.source.base import EndOfStreamError
from edgedet.source.gstreamer import GstSource
from edgedet.source.library import load_gstreamer

OPEN_S = 20.0
READ_S = 10.0

X264 = "x264enc speed-preset=ultrafast tune=zerolatency key-int-max=10 ! h264parse"
VIDEO = (
    "videotestsrc is-live=true pattern=ball"
    " ! video/x-raw,format=I420,width=160,height=120,framerate=25/1"
)
MUXERS = {".mp4": "mp4mux", ".mkv": "matroskamux", ".avi": "avimux", ".ts": "mpegtsmux"}


def make_video(
    path: Path, *, frames: int = 30, caps: str = "width=160,height=120", encoder: str = X264
) -> Path:
    """A file of a moving ball at 25 frames a second, in the container that its name asks for."""
    run(
        f"videotestsrc pattern=ball num-buffers={frames}"
        f" ! video/x-raw,format=I420,framerate=25/1,{caps} ! {encoder}"
        f' ! {MUXERS[path.suffix]} ! filesink location="{path}"'
    )
    return path


def run(launch: str) -> None:
    """Play a GStreamer pipeline to its end."""
    Gst = load_gstreamer()  # noqa: N806 - the module
    pipeline = Gst.parse_launch(launch)
    pipeline.set_state(Gst.State.PLAYING)
    wanted = Gst.MessageType.EOS | Gst.MessageType.ERROR
    message = pipeline.get_bus().timed_pop_filtered(30 * Gst.SECOND, wanted)
    pipeline.set_state(Gst.State.NULL)
    assert message is not None, f"no end within 30 s: {launch}"
    assert message.type == Gst.MessageType.EOS, message.parse_error()


def make_source(uri: str, **values: object) -> GstSource:
    """An unopened source."""
    settings = SourceSettings.model_validate({"id": "gate", "uri": uri, **values})
    return GstSource(settings, SystemClock())


def fast(path: Path, **values: object) -> GstSource:
    """A file played as fast as possible."""
    return make_source(f"file://{path}", realtime=False, **values)


def count_frames(source: GstSource, limit: int = 100_000) -> int:
    """Open, read to the end (or `limit`), close; checks that numbers and times only grow."""
    source.open(OPEN_S)
    count, last_seq, last_pts = 0, -1, -1
    try:
        while count < limit:
            frame = source.read(READ_S)
            if frame is None:
                msg = f"no frame after {count}"
                raise SourceError(msg)
            assert frame.info.seq > last_seq
            assert frame.info.pts_ns is not None
            assert frame.info.pts_ns > last_pts
            last_seq, last_pts = frame.info.seq, frame.info.pts_ns
            frame.close()
            count += 1
    except EndOfStreamError:
        pass
    finally:
        source.close()
    return count


def read(source: GstSource) -> Frame:
    """The next frame, which must come."""
    frame = source.read(READ_S)
    assert frame is not None
    return frame
