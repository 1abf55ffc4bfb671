"""Video in: GStreamer's plugins, a decoder that really delivers frames, and every source."""

import socket
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from edgedet.clock import SystemClock
from edgedet.commands.doctor.checks import Check, failed, passed, warned
from edgedet.config.settings import Settings
from edgedet.config.source import SourceSettings
from edgedet.errors import (
    AuthenticationError,
    DecoderError,
    EdgedetError,
    MissingPluginError,
    SourceError,
)
from edgedet.source import create_source
from edgedet.source.base import EndOfStreamError, FrameSource
from edgedet.source.failure import PACKAGES
from edgedet.source.library import load_gstreamer
from edgedet.source.uri import parse_uri

_FOR_TRIAL = ("videotestsrc", "videoconvert", "h264parse", "matroskamux", "decodebin", "appsink")
H264_DECODERS = ("nvv4l2decoder", "avdec_h264", "openh264dec", "v4l2h264dec", "vah264dec")
_ENCODERS = ("x264enc tune=zerolatency", "openh264enc", "vah264enc", "v4l2h264enc")
_FRAMES = 20
_OPEN_S = 10.0
_WATCH_S = 2.0
_CONNECT_S = 4.0
_PORTS = {"rtsp": 554, "rtsps": 322}


def examine_plugins() -> Iterator[Check]:
    """Are the elements here, and does decoding H.264 work in truth?"""
    try:
        gst = load_gstreamer()
    except EdgedetError as exc:
        yield failed("gstreamer", str(exc), "`apt install python3-gi gir1.2-gstreamer-1.0`")
        return
    missing = {
        name: package for name, package in PACKAGES.items() if gst.ElementFactory.find(name) is None
    }
    if missing:
        packages = " ".join(sorted(set(missing.values())))
        yield failed("gstreamer", f"missing: {', '.join(missing)}", f"`apt install {packages}`")
    else:
        version = ".".join(str(part) for part in gst.version()[:3])
        yield passed("gstreamer", f"{version} with all plugins that are used")
    if not missing.keys() & set(_FOR_TRIAL):
        yield _decoder()


def examine_sources(settings: Settings, *, is_running: bool) -> Iterator[Check]:
    """Does every enabled source deliver frames?"""
    for source in settings.sources:
        if source.enabled:
            yield _source(source, is_running=is_running)


@dataclass(frozen=True, slots=True)
class _Seen:
    """What a source delivered."""

    first_s: float
    frames: int
    seconds: float
    picture: str
    decoder: str


def _decoder() -> Check:
    """Encodes a clip, and reads it as a source is read."""
    name = "decoder"
    gst = load_gstreamer()
    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder) / "clip.mkv"
        encoder = next(
            (each for each in _ENCODERS if gst.ElementFactory.find(each.split()[0])), None
        )
        if encoder is None:
            here = [each for each in H264_DECODERS if gst.ElementFactory.find(each)]
            detail = f"there is no H.264 encoder to try one with; installed: {', '.join(here)}"
            if here:
                return warned(name, detail, "a file or camera with H.264 as a source tries it")
            return failed(name, "none for H.264", "`apt install gstreamer1.0-libav`")
        pipeline = gst.parse_launch(
            f"videotestsrc num-buffers={_FRAMES} ! video/x-raw,width=320,height=240 ! videoconvert"
            f" ! {encoder} ! h264parse ! matroskamux ! filesink location={clip}"
        )
        pipeline.set_state(gst.State.PLAYING)
        wanted = gst.MessageType.EOS | gst.MessageType.ERROR
        pipeline.get_bus().timed_pop_filtered(int(_OPEN_S * gst.SECOND), wanted)
        pipeline.set_state(gst.State.NULL)
        settings = SourceSettings.model_validate(
            {"id": "doctor", "uri": f"file://{clip}", "realtime": False}
        )
        try:
            seen = _watch(create_source(settings, SystemClock()), _OPEN_S)
        except SourceError as exc:
            return failed(name, f"H.264 is not decoded: {exc}", "`apt install gstreamer1.0-libav`")
    if seen.frames < _FRAMES:
        return failed(
            name,
            f"{seen.decoder} delivered {seen.frames} of {_FRAMES} frames of H.264",
            "`apt install gstreamer1.0-libav`, or see that the driver of the decoder is loaded",
        )
    return passed(name, f"H.264 by {seen.decoder}, {seen.frames} of {_FRAMES} frames")


def _source(source: SourceSettings, *, is_running: bool) -> Check:
    name = f"source {source.id}"
    if is_running and source.uri.startswith(("v4l2://", "csi://")):
        return warned(name, "is in use by the running service", "stop the service to try it here")
    unreachable = _unreachable(source)
    if unreachable is not None:
        return failed(name, *unreachable)
    try:
        seen = _watch(create_source(source, SystemClock()), _WATCH_S)
    except AuthenticationError as exc:
        return failed(name, str(exc), "correct username and password_file of this source")
    except EdgedetError as exc:
        return failed(name, str(exc), _fix(source, exc))
    return _delivered(name, seen, is_live=not (source.is_lossless or source.is_finite))


def _fix(source: SourceSettings, error: EdgedetError) -> str:
    """What to do about a source that does not deliver."""
    if isinstance(error, MissingPluginError):
        return f"`apt install {' '.join(error.packages)}`"
    if not source.uri.startswith("file://"):
        return "try the same address in a player, as with `gst-play-1.0`"
    if isinstance(error, DecoderError):
        return "is it a video? `gst-discoverer-1.0` says what it holds"
    return "correct the path, and see that the service's user may read it"


def _delivered(name: str, seen: _Seen, *, is_live: bool) -> Check:
    detail = f"{seen.picture} by {seen.decoder}, the first after {seen.first_s:.1f} s"
    if not is_live:
        return passed(name, detail)
    if seen.frames == 1:
        return warned(name, f"{detail}, and none after it", "look at the camera's own page")
    return passed(name, f"{detail}, then {(seen.frames - 1) / seen.seconds:.1f} a second")


def _unreachable(source: SourceSettings) -> tuple[str, str] | None:
    """What keeps us from reaching a camera's port, and what to do; None if nothing."""
    address = parse_uri(source.uri)
    if address.scheme not in _PORTS:
        return None
    parts = urlsplit(address.location)
    where = (parts.hostname or "", parts.port or _PORTS[address.scheme])
    try:
        socket.create_connection(where, timeout=_CONNECT_S).close()
    except OSError as exc:
        host, port = where
        told = exc.strerror or str(exc) or type(exc).__name__
        return (
            f"nothing answers at {host}:{port} ({told})",
            f"is the camera on, on this network? `ping {host}`; is {port} its RTSP port?",
        )
    return None


def _watch(source: FrameSource, watch_s: float) -> _Seen:
    """Open `source`, and count what it delivers within `watch_s` of its first frame."""
    started_s = time.monotonic()
    try:
        source.open(_OPEN_S)
        frame = source.read(_OPEN_S)
        if frame is None:
            msg = "no frame came"
            raise SourceError(msg)
        first_s, since_s = time.monotonic() - started_s, time.monotonic()
        picture = f"{frame.info.width} x {frame.info.height}"
        frame.close()
        count = 1
        try:
            while (left_s := since_s + watch_s - time.monotonic()) > 0:
                frame = source.read(left_s)
                if frame is not None:
                    frame.close()
                    count += 1
        except EndOfStreamError:
            pass
        seconds = time.monotonic() - since_s
        return _Seen(first_s, count, seconds, picture, source.condition.decoder or "no decoder")
    finally:
        source.close()
