"""One opened stream: its pipeline, what of it is damaged, and its first picture."""

import threading
from dataclasses import dataclass

from edgedet.clock import Clock, Deadline
from edgedet.errors import DecoderError, SourceError
from edgedet.source.base import InterruptedOpenError
from edgedet.source.failure import missing_decoder
from edgedet.source.memory import MappedPicture
from edgedet.source.pipeline import Pipeline
from edgedet.source.quarantine import Quarantine

_MISSING_GRACE_S = 1.0  # a stream may hold a second video track that can be decoded
_PROOF_UNITS = 5  # a decoder that was given so many and gave nothing is at fault


@dataclass(slots=True)
class Stream:
    """A pipeline from start to stop; `name` begins every error message. One thread uses it.

    Files have no quarantine: what is in them is wanted whole.
    """

    pipeline: Pipeline
    quarantine: Quarantine | None
    name: str
    clock: Clock

    @property
    def quarantined(self) -> int:
        """Damaged units and pictures left out so far."""
        return 0 if self.quarantine is None else self.quarantine.count

    @property
    def decoder(self) -> str:
        """The decoder element; `raw` if there is none."""
        return self.pipeline.decoding.element or "raw"

    def has_damage_since(self, seconds: float) -> bool:
        """Whether anything was left out in the last `seconds`."""
        return self.quarantine is not None and self.quarantine.has_damage_since(seconds)

    def pull(self, timeout_s: float) -> MappedPicture | None:
        """The next picture; None when none that is whole came within `timeout_s`, or at the end.

        Raises:
            SourceError: or one of its kinds, when the pipeline has failed.
        """
        picture = self.pipeline.pull(timeout_s)
        if picture is None or self.quarantine is None:
            return picture
        if self.quarantine.admits_picture(
            picture.pts_ns, is_discont=picture.is_discont, is_corrupted=picture.is_corrupted
        ):
            return picture
        picture.release()
        return None

    def first_picture(self, timeout_s: float, stop: threading.Event | None) -> MappedPicture:
        """Wait until the decoder delivers; that it exists proves nothing.

        Raises:
            InterruptedOpenError: `stop` was set.
            SourceError: or one of its kinds, when the pipeline has failed or gave nothing in time.
        """
        pipeline, quarantine = self.pipeline, self.quarantine
        deadline = Deadline(timeout_s, self.clock)
        patience = Deadline(timeout_s + (quarantine.limit_s if quarantine else 0.0), self.clock)
        grace: Deadline | None = None
        while True:
            if stop is not None and stop.is_set():
                msg = f"{self.name}: not opened, as it is being stopped"
                raise InterruptedOpenError(msg)
            picture = self.pull(deadline.remaining_s())
            if picture is not None:
                return picture
            if pipeline.missing and grace is None:
                grace = Deadline(min(_MISSING_GRACE_S, deadline.remaining_s()), self.clock)
            if grace is not None and grace.is_over():
                raise missing_decoder(self.name, pipeline.missing)
            if pipeline.is_at_end():
                msg = f"{self.name}: it ended without a single frame; is it empty or damaged?"
                raise DecoderError(msg)
            if quarantine is not None and quarantine.is_waiting and not patience.is_over():
                deadline = Deadline(timeout_s, self.clock)  # there is data, but no keyframe yet
            if deadline.is_over():
                raise self._no_picture(timeout_s)

    def _no_picture(self, timeout_s: float) -> SourceError:
        """Why there is none: nothing came, or the decoder made nothing of it."""
        fed = 0 if self.quarantine is None else self.quarantine.admitted
        if fed >= _PROOF_UNITS:
            return DecoderError(
                f"{self.name}: the decoder {self.decoder} was given {fed} pictures"
                f" and gave none within {timeout_s:.1f} s; is its driver loaded, and the stream"
                " whole?"
            )
        return SourceError(
            f"{self.name}: no frame within {timeout_s:.1f} s; check that the camera is"
            " switched on and reachable, and that the address is its video stream"
        )

    def failed_hardware(self) -> str:
        """The hardware decoder that was given data, for a stream that failed; empty if none."""
        decoding = self.pipeline.decoding
        has_data = self.quarantine is None or self.quarantine.admitted >= _PROOF_UNITS
        return decoding.element if decoding.is_hardware and has_data else ""
