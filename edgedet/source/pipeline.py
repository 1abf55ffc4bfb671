"""A running GStreamer pipeline: built, started, read and stopped."""

import logging
import threading
from typing import Any

from edgedet.clock import Clock
from edgedet.errors import DecoderError, SourceError
from edgedet.source.bus import Bus
from edgedet.source.decoding import DecoderWatch
from edgedet.source.description import DECODER, SINK, SOURCE, PipelineDescription, bridge
from edgedet.source.failure import missing_decoder, to_error, unbuilt
from edgedet.source.library import has_element, load_gstreamer, tls_database
from edgedet.source.memory import MappedPicture, pointer_of, video_memory
from edgedet.source.quarantine import Quarantine

logger = logging.getLogger(__name__)

_POLL_S = 0.05  # errors do not wake a waiting sink: look at the bus this often
_STOP_TIMEOUT_S = 5.0


class Pipeline:
    """One pipeline, from start to stop; it is not started twice. One thread uses it.

    GStreamer calls `_on_…` and `play` from its own threads; they touch only what is set before the
    start, and `_link_error` and `_has_refused`, which are written once. Starting and stopping too
    happen there: a driver may keep hold of whoever calls it.
    """

    def __init__(  # noqa: PLR0913 - what the source knows, and what to call it
        self,
        description: PipelineDescription,
        prefix: str,
        source_id: str,
        clock: Clock,
        quarantine: Quarantine | None = None,
        *,
        software_only: bool = False,
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
        self._started, self._stopped = threading.Event(), threading.Event()
        self._has_refused = False
        self._is_stopping = False
        self._changing = threading.Lock()  # so that a start which is late does not undo the stop
        self.decoding = DecoderWatch(self._gst, quarantine, software_only=software_only)
        self._handlers = self._connect(description)

    def start(self) -> None:
        """Begin to play; how that goes shows in `pull`."""

        def play(pipeline: Any) -> None:  # noqa: ANN401
            refusal = self._gst.StateChangeReturn.FAILURE
            with self._changing:
                if not self._is_stopping:
                    self._has_refused = pipeline.set_state(self._gst.State.PLAYING) == refusal
            self._started.set()

        self._pipeline.call_async(play)

    def pull(self, timeout_s: float) -> MappedPicture | None:
        """The next picture; None when none came within `timeout_s`, or at the end.

        Pictures decoded before an error are delivered before it is raised.

        Raises:
            SourceError: or one of its kinds, when the pipeline has failed.
        """
        wait_s = min(timeout_s, _POLL_S)
        if not self._started.wait(wait_s):
            return None
        self._bus.drain()
        picture = self._memory.pull(self._sink_pointer, wait_s)
        if picture is None:
            self._bus.drain()
            self._raise_failure()
        return picture

    def is_at_end(self) -> bool:
        """Whether the stream has ended and every picture was pulled."""
        return self._started.is_set() and self._memory.is_at_end(self._sink_pointer)

    def age_s(self, pts_ns: int) -> float | None:
        """Seconds since a live source stamped what has the time `pts_ns`; None if not known."""
        clock = self._pipeline.get_clock()
        if clock is None:
            return None
        return float(clock.get_time() - self._pipeline.get_base_time() - pts_ns) / 1e9

    @property
    def missing(self) -> str:
        """What there is no decoder for, as GStreamer names it; empty if nothing."""
        return self._bus.missing

    def stop(self) -> bool:
        """Stop and free everything; False if it hangs in a driver and is left behind."""
        for owner, handler in self._handlers:
            owner.disconnect(handler)
        self._handlers.clear()
        self._is_stopping = True

        def to_null(pipeline: Any) -> None:  # noqa: ANN401
            with self._changing:
                pipeline.set_state(self._gst.State.NULL)
            self._stopped.set()

        self._pipeline.call_async(to_null)
        has_stopped = self._stopped.wait(_STOP_TIMEOUT_S)
        if not has_stopped:
            logger.error(
                "%s: does not stop within %.0f s and is left behind; restart the service if the"
                " source does not come back", self._prefix, _STOP_TIMEOUT_S,
            )  # fmt: skip
        self._bus.drain()
        return has_stopped

    @property
    def has_stopped(self) -> bool:
        """Whether it is at rest, perhaps long after `stop` gave up waiting."""
        return self._stopped.is_set()

    def _build(self, description: PipelineDescription) -> Any:  # noqa: ANN401
        """The elements of `description` with their properties."""
        from_text = self._gst.parse_launch
        try:
            pipeline = from_text(description.launch)
        except Exception as exc:  # GLib.Error, whose module may be imported in this file only
            raise unbuilt(self._prefix, str(exc)) from exc
        for name, values in description.properties.items():
            for key, value in values.items():
                pipeline.get_by_name(name).set_property(key, value)
        for name, options in description.optional.items():
            element = pipeline.get_by_name(name)
            for key, option in options.items():
                if element.find_property(key) is not None:
                    element.set_property(key, option)
        self._secure(pipeline.get_by_name(SOURCE), description)
        return pipeline

    def _secure(self, source: Any, description: PipelineDescription) -> None:  # noqa: ANN401
        """Tell the source who we are, and whom to trust."""
        if description.credentials is not None:
            source.set_property("user-id", description.credentials.username)
            source.set_property("user-pw", description.credentials.password)
        if description.tls_insecure:
            source.set_property("tls-validation-flags", 0)
        if description.tls_ca_file is not None:
            try:
                database = tls_database(description.tls_ca_file)
            except SourceError as exc:
                msg = f"{self._prefix}: {exc}"
                raise SourceError(msg) from exc
            source.set_property("tls-database", database)

    def _connect(self, description: PipelineDescription) -> list[tuple[Any, int]]:
        """Listen to what the elements announce while they start."""
        decoder = self._pipeline.get_by_name(DECODER)
        handlers = self.decoding.connect(self._pipeline, decoder)
        if decoder is not None:
            handlers.append((decoder, decoder.connect("pad-added", self._on_pad)))
        if "rtspsrc" in description.launch:
            source = self._pipeline.get_by_name(SOURCE)
            handlers.append((source, source.connect("select-stream", self._on_stream)))
        return handlers

    def _on_stream(self, _source: Any, _number: int, caps: Any) -> bool:  # noqa: ANN401
        """Only video is set up: an audio track costs bandwidth and can only break things."""
        return str(caps.get_structure(0).get_string("media")) == "video"

    def _on_pad(self, _decoder: Any, pad: Any) -> None:  # noqa: ANN401
        """Link the first video track to the sink, through a converter only where it must be."""
        sink_pad = self._sink.get_static_pad("sink")
        caps = pad.get_current_caps() or pad.query_caps(None)
        video = caps.get_structure(0)
        if sink_pad.is_linked() or video.get_name() != "video/x-raw":
            return
        text = bridge(
            video.get_string("format") or "", caps.get_features(0).to_string(), has_element
        )
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
            if not self._has_refused:
                return
            msg = f"{self._prefix}: the pipeline does not start; check the address and the device"
            raise SourceError(msg)
        if self._bus.missing:
            raise missing_decoder(self._prefix, self._bus.missing)
        raise to_error(self._prefix, self._bus.failure)
