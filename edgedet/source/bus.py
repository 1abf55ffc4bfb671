"""A pipeline's messages, taken by whoever reads the frames: no main loop and no thread."""

import logging
from typing import Any

from edgedet.clock import Clock
from edgedet.log import RateLimited
from edgedet.source.failure import Failure

logger = logging.getLogger(__name__)


class Bus:
    """Takes messages off a GStreamer bus and keeps what matters: the first error, missing decoders.

    Messages that nobody takes pile up for as long as a camera runs, so `drain` belongs in every
    read. One thread uses it.
    """

    def __init__(self, gst: Any, bus: Any, source_id: str, clock: Clock) -> None:  # noqa: ANN401
        """Listen on `bus`; `gst` is the module, which only one file may import."""
        self._gst = gst
        self._bus = bus
        self._source_id = source_id
        self._limited = RateLimited(logger, clock)
        types = gst.MessageType
        self._wanted = types.ERROR | types.WARNING | types.ELEMENT
        self.failure: Failure | None = None
        self.missing: str = ""

    def drain(self) -> None:
        """Take every waiting message; the ones of no interest are thrown away."""
        while (message := self._bus.pop_filtered(self._wanted)) is not None:
            if message.type == self._gst.MessageType.ERROR:
                self._note_error(message)
            elif message.type == self._gst.MessageType.WARNING:
                error, _ = message.parse_warning()
                self._limited.warning("warning", "source '%s': %s", self._source_id, error.message)
            else:
                self._note_element(message)

    def _note_error(self, message: Any) -> None:  # noqa: ANN401
        """Keep the first error: the later ones are its consequences."""
        error, debug = message.parse_error()
        failure = Failure(error.domain, error.code, error.message, debug or "")
        logger.debug("source '%s': %s", self._source_id, failure)
        if self.failure is None:
            self.failure = failure

    def _note_element(self, message: Any) -> None:  # noqa: ANN401
        """Keep the name of a video decoder that is not there."""
        structure = message.get_structure()
        if structure is None or structure.get_name() != "missing-plugin":
            return
        detail = str(structure.get_value("detail"))
        if structure.get_string("type") == "decoder" and not detail.startswith("audio/"):
            self.missing = (structure.get_string("name") or detail).removesuffix(" decoder")
