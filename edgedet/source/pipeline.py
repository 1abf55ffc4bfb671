"""A running GStreamer pipeline; the only file that imports `gi`, and not before one is built."""

import logging
import threading
from functools import cache
from typing import Any

from edgedet.clock import Clock
from edgedet.errors import DecoderError, SourceError
from edgedet.source.abi import keep_the_unwinder
from edgedet.source.bus import Bus
from edgedet.source.description import DECODER, SINK, SOURCE, PipelineDescription, bridge, tuning
from edgedet.source.failure import missing_decoder, to_error
from edgedet.source.memory import MappedPicture, pointer_of, video_memory

logger = logging.getLogger(__name__)

_POLL_S = 0.05  # errors do not wake a waiting sink: look at the bus this often
_STOP_TIMEOUT_S = 5.0


_INITIALISING = threading.Lock()  # guards the first load, which sources do side by side


def load_gstreamer() -> Any:  # noqa: ANN401
    """The `Gst` module, initialised once; for any thread.

    Raises:
        SourceError: if GStreamer or its Python bindings are not installed.
    """
    with _INITIALISING:
        return _import_gstreamer()


@cache
def _import_gstreamer() -> Any:  # noqa: ANN401
    """The `Gst` module.

    Raises:
        SourceError: if GStreamer or its Python bindings are not installed.
    """
    try:
        keep_the_unwinder()
        import gi  # noqa: PLC0415 - the rest of edgedet must work without it

        gi.require_version("Gst", "1.0")
        from gi.repository import Gst  # noqa: PLC0415
    except (ImportError, ValueError) as exc:
        msg = (
            f"GStreamer's Python bindings are missing ({exc}); on Debian and Ubuntu install"
            " python3-gi, gir1.2-gstreamer-1.0 and gir1.2-gst-plugins-base-1.0, and make the"
            " virtual environment with --system-site-packages"
        )
        raise SourceError(msg) from exc
    Gst.init(None)
    return Gst


class Pipeline:
    """One pipeline, from start to stop; it is not started twice. One thread uses it.

    GStreamer calls `_on_…` from its own threads; they touch only what is set before the start,
    and `decoder` and `_link_error`, which are written once.
    """

    def __init__(
        self, description: PipelineDescription, prefix: str, source_id: str, clock: Clock
    ) -> None:
        """Build it; `prefix` begins every error message.

        Raises:
            SourceError: if GStreamer lacks an element or a property.
        """
        self._gst = load_gstreamer()
        self._prefix = prefix
        self._memory = video_memory()
        self._pipeline = self._build(description)
        self._sink = self._pipeline.get_by_name(SINK)
        self._sink_pointer = pointer_of(self._sink)
        sink_pad = self._sink.get_static_pad("sink")
        self._memory.accept_padding(pointer_of(sink_pad))
        self._bus = Bus(self._gst, self._pipeline.get_bus(), source_id, clock)
        self._link_error = ""
        self.decoder = ""
        self._handlers = self._connect(description)

    def start(self) -> None:
        """Begin to play.

        Raises:
            SourceError: if it refuses at once; the rest shows in `pull`.
        """
        if self._pipeline.set_state(self._gst.State.PLAYING) == self._gst.StateChangeReturn.FAILURE:
            self._raise_failure()
            msg = f"{self._prefix}: the pipeline does not start; check the address and the device"
            raise SourceError(msg)

    def pull(self, timeout_s: float) -> MappedPicture | None:
        """The next picture; None when none came within `timeout_s`, or at the end.

        Pictures decoded before an error are delivered before it is raised.

        Raises:
            SourceError: or one of its kinds, when the pipeline has failed.
        """
        self._bus.drain()
        picture = self._memory.pull(self._sink_pointer, min(timeout_s, _POLL_S))
        if picture is None:
            self._bus.drain()
            self._raise_failure()
        return picture

    def is_at_end(self) -> bool:
        """Whether the stream has ended and every picture was pulled."""
        return self._memory.is_at_end(self._sink_pointer)

    @property
    def missing(self) -> str:
        """What there is no decoder for, as GStreamer names it; empty if nothing."""
        return self._bus.missing

    def stop(self) -> None:
        """Stop and free everything; a pipeline that hangs in a driver is abandoned."""
        done = threading.Event()
        for owner, handler in self._handlers:
            owner.disconnect(handler)
        self._handlers.clear()

        def to_null(pipeline: Any) -> None:  # noqa: ANN401
            pipeline.set_state(self._gst.State.NULL)
            done.set()

        self._pipeline.call_async(to_null)  # on a thread of GStreamer's: it may never return
        if not done.wait(_STOP_TIMEOUT_S):
            logger.error(
                "%s: does not stop within %.0f s and is left behind; restart the service if the"
                " source does not come back", self._prefix, _STOP_TIMEOUT_S,
            )  # fmt: skip
        self._bus.drain()

    def _build(self, description: PipelineDescription) -> Any:  # noqa: ANN401
        """The elements of `description` with their properties."""
        from_text = self._gst.parse_launch
        try:
            pipeline = from_text(description.launch)
        except Exception as exc:  # GLib.Error, whose module may be imported in this file only
            msg = (
                f"{self._prefix}: cannot build the pipeline ({exc}); is a GStreamer plugin missing?"
            )
            raise DecoderError(msg) from exc
        for name, values in description.properties.items():
            for key, value in values.items():
                pipeline.get_by_name(name).set_property(key, value)
        if description.credentials is not None:
            source = pipeline.get_by_name(SOURCE)
            source.set_property("user-id", description.credentials.username)
            source.set_property("user-pw", description.credentials.password)
        return pipeline

    def _connect(self, description: PipelineDescription) -> list[tuple[Any, int]]:
        """Listen to what the elements announce while they start."""
        pairs: list[tuple[Any, str, Any]] = [
            (self._pipeline, "deep-element-added", self._on_element)
        ]
        decoder = self._pipeline.get_by_name(DECODER)
        if decoder is not None:
            pairs.append((decoder, "pad-added", self._on_pad))
        if "rtspsrc" in description.launch:
            source = self._pipeline.get_by_name(SOURCE)
            pairs.append((source, "select-stream", self._on_stream))
        return [(owner, owner.connect(signal, method)) for owner, signal, method in pairs]

    def _on_stream(self, _source: Any, _number: int, caps: Any) -> bool:  # noqa: ANN401
        """Only video is set up: an audio track costs bandwidth and can only break things."""
        return str(caps.get_structure(0).get_string("media")) == "video"

    def _on_element(self, _pipeline: Any, _parent: Any, element: Any) -> None:  # noqa: ANN401
        """Note and tune the decoder."""
        factory = element.get_factory()
        if factory is None or "Decoder/Video" not in (factory.get_metadata("klass") or ""):
            return
        self.decoder = factory.get_name()
        for key, value in tuning(self.decoder).items():
            if element.find_property(key) is not None:
                element.set_property(key, value)

    def _on_pad(self, _decoder: Any, pad: Any) -> None:  # noqa: ANN401
        """Link the first video track to the sink, through a converter only where it must be."""
        sink_pad = self._sink.get_static_pad("sink")
        caps = pad.get_current_caps() or pad.query_caps(None)
        video = caps.get_structure(0)
        if sink_pad.is_linked() or video.get_name() != "video/x-raw":
            return
        text = bridge(video.get_string("format") or "", caps.get_features(0).to_string())
        if text:
            try:
                converter = self._gst.parse_bin_from_description(text, True)  # noqa: FBT003
            except Exception as exc:  # noqa: BLE001 - GLib.Error; raised by the reader's thread
                self._link_error = f"{text}: {exc}"
                return
            self._pipeline.add(converter)
            converter.link(self._sink)
            converter.sync_state_with_parent()
            sink_pad = converter.get_static_pad("sink")
        result = pad.link(sink_pad)
        if result != self._gst.PadLinkReturn.OK:
            self._link_error = f"{caps.to_string()}: {result.value_nick}"

    def _raise_failure(self) -> None:
        """Raise what the bus or a callback has noted, if anything."""
        if self._link_error:
            msg = f"{self._prefix}: the decoder's pictures cannot be used ({self._link_error})"
            raise DecoderError(msg)
        self._bus.drain()
        if self._bus.failure is None:
            return
        if self._bus.missing:
            raise missing_decoder(self._prefix, self._bus.missing)
        raise to_error(self._prefix, self._bus.failure)
