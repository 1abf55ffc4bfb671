"""Clips for the simulated cameras: encoded to H.264 once, kept on disk, held in memory."""

import hashlib
import logging
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from edgedet.errors import SourceError
from edgedet.sim.gstreamer import gstreamer

logger = logging.getLogger(__name__)

Codec = Literal["h264", "h265", "jpeg"]

_TIMEOUT_S = 300


@dataclass(frozen=True, slots=True)
class CodecElements:
    """What makes, cuts and sends the frames of a codec."""

    encoder: str
    parser: str
    caps: str
    payloader: str


# Constant quality instead of a bit rate: what a detector sees of it must not depend on the scene.
# No B-frames and a key frame a second, as cameras are set for low delay.
CODECS: dict[str, CodecElements] = {
    "h264": CodecElements(
        "x264enc speed-preset=ultrafast bframes=0 pass=qual quantizer=20"
        " key-int-max={keys} ! video/x-h264,profile=main",
        "h264parse",
        "video/x-h264,stream-format=byte-stream,alignment=au",
        "rtph264pay config-interval=-1",
    ),
    "h265": CodecElements(
        "x265enc speed-preset=ultrafast tune=zerolatency key-int-max={keys}"
        " option-string=bframes=0:scenecut=0:log-level=error",
        "h265parse",
        "video/x-h265,stream-format=byte-stream,alignment=au",
        "rtph265pay config-interval=-1",
    ),
    "jpeg": CodecElements(
        "jpegenc quality=85", "jpegparse", "image/jpeg", "jpegparse ! rtpjpegpay"
    ),
}


@dataclass(frozen=True, slots=True)
class Pattern:
    """A test picture that moves for `seconds`, and how it is encoded."""

    name: str
    codec: Codec = "h264"
    width: int = 640
    height: int = 480
    fps: int = 25
    seconds: int = 10
    key_interval_s: float = 1.0


@dataclass(frozen=True, slots=True)
class Clip:
    """Encoded frames of one round, the first a key frame; `keys` are the numbers of those."""

    frames: tuple[bytes, ...]
    fps: float
    codec: Codec = "h264"
    keys: tuple[int, ...] = (0,)


def load_clip(file: Path, cache: Path) -> Clip:
    """The frames of `file`, encoded on the first call and read from `cache` later.

    Raises:
        SourceError: if the file cannot be read or encoded.
    """
    if not file.is_file():
        msg = f"'{file}' is not a file; expected a video to serve"
        raise SourceError(msg)
    fps = _frame_rate(file)
    codec = CODECS["h264"]
    encoder = codec.encoder.format(keys=max(1, round(fps)))
    state = file.stat()
    key = f"{file.resolve()}|{state.st_size}|{state.st_mtime_ns}|{encoder}"
    cached = cache / f"{hashlib.sha256(key.encode()).hexdigest()[:16]}.h264.mkv"
    if not cached.exists():
        text = f"filesrc name=file ! decodebin ! videoconvert ! {encoder} ! {codec.parser}"
        _encode(text, file, cached)
    return _read_clip(cached, fps, "h264")


def pattern_clip(pattern: Pattern, cache: Path) -> Clip:
    """A test picture, encoded on the first call.

    Raises:
        SourceError: if GStreamer does not know the pattern.
    """
    values = _known_patterns()
    if pattern.name not in values:
        msg = f"no test pattern '{pattern.name}'; expected one of {', '.join(values)}"
        raise SourceError(msg)
    codec = CODECS[pattern.codec]
    keys = max(1, round(pattern.fps * pattern.key_interval_s))
    encoder = codec.encoder.format(keys=keys)
    source = (
        f"videotestsrc pattern={pattern.name} num-buffers={pattern.fps * pattern.seconds}"
        f" ! video/x-raw,format=I420,width={pattern.width},height={pattern.height}"
        f",framerate={pattern.fps}/1"
    )
    key = hashlib.sha256(f"{source}|{encoder}".encode()).hexdigest()[:16]
    cached = cache / f"{key}.{pattern.codec}.mkv"
    if not cached.exists():
        _encode(f"{source} ! {encoder} ! {codec.parser}", None, cached)
    return _read_clip(cached, float(pattern.fps), pattern.codec)


def _known_patterns() -> list[str]:
    """The pictures that GStreamer can make here."""
    element = gstreamer().gst.ElementFactory.make("videotestsrc")
    if element is None:
        msg = "GStreamer has no videotestsrc; install gstreamer1.0-plugins-base"
        raise SourceError(msg)
    values = element.find_property("pattern").enum_class.__enum_values__
    return [value.value_nick for value in values.values()]


def _encode(launch: str, file: Path | None, target: Path) -> None:
    """Run `launch` into the Matroska file `target`, which appears only when it is whole."""
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f"{target.name}.{os.getpid()}.part")
    text = f"{launch} ! matroskamux ! filesink name=target"
    pipeline = _build(text, {"file": file, "target": partial})
    logger.info("encoding %s once", file or "a test picture")
    try:
        _run_to_end(pipeline, str(file or "test picture"))
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def _read_clip(file: Path, fps: float, codec: Codec) -> Clip:
    """An encoded clip, each key frame with what a decoder needs to begin there."""
    gst = gstreamer().gst
    known = CODECS[codec]
    parser = known.parser if codec == "jpeg" else f"{known.parser} config-interval=-1"
    text = (
        f"filesrc name=file ! matroskademux ! {parser} ! {known.caps}"
        " ! appsink name=sink sync=false"
    )
    pipeline = _build(text, {"file": file})
    sink = pipeline.get_by_name("sink")
    frames: list[bytes] = []
    keys: list[int] = []
    pipeline.set_state(gst.State.PLAYING)
    try:
        while (sample := sink.emit("try-pull-sample", _TIMEOUT_S * gst.SECOND)) is not None:
            buffer = sample.get_buffer()
            if not buffer.has_flags(gst.BufferFlags.DELTA_UNIT):
                keys.append(len(frames))
            frames.append(buffer.extract_dup(0, buffer.get_size()))
    finally:
        pipeline.set_state(gst.State.NULL)
    if not frames:
        msg = f"encoded clip '{file}' has no frames; delete it and try again"
        raise SourceError(msg)
    return Clip(tuple(frames), fps, codec, tuple(keys))


def _frame_rate(file: Path) -> float:
    """Frames a second, as the container says; 25 where it says nothing."""
    gst = gstreamer().gst
    pipeline = _build(
        'filesrc name=file ! decodebin expose-all-streams=false caps="video/x-raw(ANY)"'
        " ! fakesink name=sink",
        {"file": file},
    )
    try:
        pipeline.set_state(gst.State.PAUSED)
        _wait(pipeline, gst.MessageType.ASYNC_DONE, str(file))
        caps = pipeline.get_by_name("sink").get_static_pad("sink").get_current_caps()
        known, numerator, denominator = caps.get_structure(0).get_fraction("framerate")
    finally:
        pipeline.set_state(gst.State.NULL)
    return numerator / denominator if known and numerator else 25.0


def _build(text: str, locations: dict[str, Path | None]) -> Any:  # noqa: ANN401
    """The pipeline of `text` with the files in place."""
    try:
        pipeline = gstreamer().gst.parse_launch(text)
    except Exception as exc:  # GLib.Error; its module is imported in one file only
        msg = f"cannot build '{text}' ({exc}); is a GStreamer plugin missing?"
        raise SourceError(msg) from exc
    for name, path in locations.items():
        if path is not None:
            pipeline.get_by_name(name).set_property("location", str(path))
    return pipeline


def _run_to_end(pipeline: Any, what: str) -> None:  # noqa: ANN401
    """Play the whole of `pipeline`."""
    gst = gstreamer().gst
    pipeline.set_state(gst.State.PLAYING)
    try:
        _wait(pipeline, gst.MessageType.EOS, what)
    finally:
        pipeline.set_state(gst.State.NULL)


def _wait(pipeline: Any, kind: Any, what: str) -> None:  # noqa: ANN401
    """Wait for a message of `kind`; an error or silence raises."""
    gst = gstreamer().gst
    message = pipeline.get_bus().timed_pop_filtered(
        _TIMEOUT_S * gst.SECOND, kind | gst.MessageType.ERROR
    )
    if message is None:
        msg = f"{what}: nothing came of it within {_TIMEOUT_S} s; is it a video?"
        raise SourceError(msg)
    if message.type == gst.MessageType.ERROR:
        error, _ = message.parse_error()
        msg = f"{what}: cannot be encoded for the simulated camera: {error.message}"
        raise SourceError(msg)
