"""A chosen frame, made into a sample: hidden where it must be, encoded, and given to the store."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from edgedet.clock import Clock, utc_text
from edgedet.config.sampling import SamplingSettings
from edgedet.detections import SeenFrame
from edgedet.errors import ConfigError
from edgedet.frame import Frame
from edgedet.sample.base import Sample, State
from edgedet.sample.budget import Budget
from edgedet.sample.likeness import Look
from edgedet.sample.picture import facts_text, jpeg, label_text, objects_of
from edgedet.sample.privacy import Veil
from edgedet.sample.selection import Choice
from edgedet.sample.store import SampleFiles, SampleStore
from edgedet.sample.view import Proposals
from edgedet.vision.pixels import to_rgb


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """A frame with what the model saw in it, above and below the threshold."""

    frame: SeenFrame
    seen: Proposals
    detections: Proposals
    look: Look


def check_blur(settings: SamplingSettings, class_names: Sequence[str]) -> None:
    """Look whether what is to be blurred can be.

    Raises:
        ConfigError: if a class that is to be blurred is none of the model's.
    """
    unknown = [name for name in settings.blur.classes if name not in class_names]
    if unknown:
        msg = (
            f"sampling.blur.classes: the model has no class {', '.join(unknown)}; it has"
            f" {', '.join(class_names)}"
        )
        raise ConfigError(msg, (msg,))


class Keeper:
    """Makes samples of frames. One thread."""

    def __init__(
        self,
        settings: SamplingSettings,
        class_names: Sequence[str],
        store: SampleStore,
        budget: Budget,
        clock: Clock,
    ) -> None:
        """Write to `store`, and take what it costs from `budget`.

        Raises:
            ConfigError: if a class that is to be blurred is none of the model's.
        """
        check_blur(settings, class_names)
        self._settings = settings
        self._class_names = tuple(class_names)
        self._store = store
        self._budget = budget
        self._clock = clock
        self._veil = Veil(settings.blur, class_names)

    def know(self, class_names: Sequence[str]) -> None:
        """Keep frames that a model with these classes answered, from now on; from any thread."""
        self._class_names = tuple(class_names)
        self._veil = Veil(self._settings.blur, class_names)

    def keep(self, found: Found, choice: Choice) -> Sample | None:
        """The sample, on disk and paid for; None if the very same picture was kept before.

        Raises:
            SampleError: it cannot be written.
        """
        info = found.frame.frame.info
        picture = self._picture(found.frame.frame, found.seen)
        sha256 = hashlib.sha256(picture).hexdigest()
        if self._store.ledger.has_content(sha256):
            return None
        captured = info.capture.utc
        moment = f"{captured:%Y%m%dT%H%M%S}{captured.microsecond // 1000:03d}"
        size_hw = (info.height, info.width)
        tags = (*self._settings.tags, *choice.strategy.tags)
        sample = Sample(
            id=f"{info.source_id}-{moment}-{sha256[:8]}",
            sha256=sha256,
            source_id=info.source_id,
            seq=info.seq,
            captured=utc_text(captured),
            kept=utc_text(self._clock.utc_now()),
            strategy=choice.strategy.name,
            why=choice.why,
            tags=tuple(dict.fromkeys(tags)),
            width=info.width,
            height=info.height,
            size_bytes=len(picture),
            objects=objects_of(found.detections, self._class_names, size_hw),
            look=found.look.text(),
            state=State.APPROVED if self._settings.approval == "automatic" else State.KEPT,
        )
        facts = facts_text(sample, self._class_names, label_text(sample.objects))
        return self._store.keep(
            sample,
            SampleFiles(picture, facts),
            lambda: self._budget.spend(sample.strategy, sample.source_id, choice.payer),
        )

    def _picture(self, frame: Frame, seen: Proposals) -> bytes:
        """The JPEG; what must not be seen is gone before there are any bytes of it."""
        image_rgb = to_rgb(frame)
        if any(image_rgb is plane or image_rgb.base is plane for plane in frame.planes):
            image_rgb = image_rgb.copy()  # others look at the frame too
        self._veil.hide(image_rgb, frame.info.source_id, seen)
        return jpeg(image_rgb, self._settings.jpeg_quality)
