"""What a pipeline decodes with, and what goes into it: seen and steered on GStreamer's threads."""

from typing import Any

from edgedet.source.decoders import is_hardware, is_video_decoder, is_video_parser, tuning
from edgedet.source.quarantine import Quarantine, Unit

_TRY, _SKIP = 0, 2  # GstAutoplugSelectResult, which has no typelib


class DecoderWatch:
    """Chooses, notes and tunes the decoder, and keeps damaged units out of it.

    GStreamer calls the methods from its own threads, each attribute is written by one of them.
    """

    def __init__(
        self,
        gst: Any,  # noqa: ANN401 - the module, which only one file may import
        quarantine: Quarantine | None,
        *,
        software_only: bool,
    ) -> None:
        """Watch over one pipeline; without a quarantine everything goes into the decoder."""
        self._gst = gst
        self._quarantine = quarantine
        self._software_only = software_only
        self.element = ""
        self.is_hardware = False

    def connect(self, pipeline: Any, decodebin: Any) -> list[tuple[Any, int]]:  # noqa: ANN401
        """Listen to the pipeline; what to disconnect before its end."""
        handlers = [(pipeline, pipeline.connect("deep-element-added", self._on_element))]
        if decodebin is not None and self._software_only:
            handlers.append((decodebin, decodebin.connect("autoplug-select", self._select)))
        return handlers

    def _select(self, _decodebin: Any, _pad: Any, _caps: Any, factory: Any) -> int:  # noqa: ANN401
        """Whether decodebin may try an element."""
        klass = factory.get_metadata("klass") or ""
        is_refused = is_video_decoder(klass) and is_hardware(factory.get_name(), klass)
        return _SKIP if is_refused else _TRY

    def _on_element(self, _pipeline: Any, _parent: Any, element: Any) -> None:  # noqa: ANN401
        """Tune decoders and parsers, and note the decoder."""
        factory = element.get_factory()
        klass = factory.get_metadata("klass") or "" if factory is not None else ""
        if not (is_video_decoder(klass) or is_video_parser(klass)):
            return
        for key, value in tuning(factory.get_name()).items():
            if element.find_property(key) is not None:
                element.set_property(key, value)
        if is_video_decoder(klass):
            self._note(element, factory.get_name(), klass)

    def _note(self, element: Any, name: str, klass: str) -> None:  # noqa: ANN401
        """Remember the decoder, and stand at its door."""
        self.element = name
        self.is_hardware = is_hardware(name, klass)
        pad = element.get_static_pad("sink")
        if self._quarantine is not None and pad is not None:
            pad.add_probe(self._gst.PadProbeType.BUFFER, self._on_unit, self._quarantine)

    def _on_unit(self, _pad: Any, info: Any, quarantine: Quarantine) -> Any:  # noqa: ANN401
        """Let a unit pass, or drop it."""
        flags = self._gst.BufferFlags
        buffer = info.get_buffer()
        unit = Unit(
            pts_ns=None if buffer.pts == self._gst.CLOCK_TIME_NONE else buffer.pts,
            is_key=not buffer.has_flags(flags.DELTA_UNIT),
            is_discont=buffer.has_flags(flags.DISCONT),
            is_corrupted=buffer.has_flags(flags.CORRUPTED),
        )
        if quarantine.admits_unit(unit):
            return self._gst.PadProbeReturn.OK
        return self._gst.PadProbeReturn.DROP
