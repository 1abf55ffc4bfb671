"""Clips for the simulated cameras: encoded to H.264 once, kept on disk, held in memory."""

import hashlib
import logging
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgedet.errors import SourceError
from edgedet.sim.gstreamer import gstreamer

logger = logging.getLogger(__name__)

# Constant quality instead of a bit rate: what a detector sees of it must not depend on the scene.
# No B-frames and a key frame a second, as cameras are set for low delay.
_ENCODER = (
    "x264enc speed-preset=ultrafast bframes=0 pass=qual quantizer=20"
    " key-int-max={fps} ! video/x-h264,profile=main"
)
_STREAM = "video/x-h264,stream-format=byte-stream,alignment=au"
_TIMEOUT_S = 300
_PATTERN_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Clip:
    """Encoded frames of one round, the first a key frame."""

    frames: tuple[bytes, ...]
    fps: float


def load_clip(file: Path, cache: Path) -> Clip:
    """The frames of `file`, encoded on the first call and read from `cache` later.

    Raises:
        SourceError: if the file cannot be read or encoded.
    """
    if not file.is_file():
        msg = f"'{file}' is not a file; expected a video to serve"
        raise SourceError(msg)
    fps = _frame_rate(file)
    encoder = _ENCODER.format(fps=max(1, round(fps)))
    state = file.stat()
    key = f"{file.resolve()}|{state.st_size}|{state.st_mtime_ns}|{encoder}"
    cached = cache / f"{hashlib.sha256(key.encode()).hexdigest()[:16]}.h264.mkv"
    if not cached.exists():
        _encode(f"filesrc name=file ! decodebin ! videoconvert ! {encoder}", file, cached)
    return Clip(_read_frames(cached), fps)


def pattern_clip(pattern: str, cache: Path, *, fps: int = 25) -> Clip:
    """Ten seconds of a test picture.

    Raises:
        SourceError: if GStreamer does not know the pattern.
    """
    values = _known_patterns()
    if pattern not in values:
        msg = f"no test pattern '{pattern}'; expected one of {', '.join(values)}"
        raise SourceError(msg)
    encoder = _ENCODER.format(fps=fps)
    source = (
        f"videotestsrc pattern={pattern} num-buffers={fps * _PATTERN_SECONDS}"
        f" ! video/x-raw,format=I420,width=640,height=480,framerate={fps}/1"
    )
    key = hashlib.sha256(f"{source}|{encoder}".encode()).hexdigest()[:16]
    cached = cache / f"{key}.h264.mkv"
    if not cached.exists():
        _encode(f"{source} ! {encoder}", None, cached)
    return Clip(_read_frames(cached), float(fps))


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
    text = f"{launch} ! h264parse ! matroskamux ! filesink name=target"
    pipeline = _build(text, {"file": file, "target": partial})
    logger.info("encoding %s once", file or "a test picture")
    try:
        _run_to_end(pipeline, str(file or "test picture"))
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def _read_frames(file: Path) -> tuple[bytes, ...]:
    """The access units of an encoded clip, each with what a decoder needs to begin there."""
    gst = gstreamer().gst
    text = (
        f"filesrc name=file ! matroskademux ! h264parse config-interval=-1 ! {_STREAM}"
        " ! appsink name=sink sync=false"
    )
    pipeline = _build(text, {"file": file})
    sink = pipeline.get_by_name("sink")
    frames = []
    pipeline.set_state(gst.State.PLAYING)
    try:
        while (sample := sink.emit("try-pull-sample", _TIMEOUT_S * gst.SECOND)) is not None:
            buffer = sample.get_buffer()
            frames.append(buffer.extract_dup(0, buffer.get_size()))
    finally:
        pipeline.set_state(gst.State.NULL)
    if not frames:
        msg = f"encoded clip '{file}' has no frames; delete it and try again"
        raise SourceError(msg)
    return tuple(frames)


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
