"""Sampling of its own for a test, with frames that were kept; no camera runs."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from edgedet.clock import SystemClock, utc_text
from edgedet.config.settings import Settings
from edgedet.manifest import read_bundle
from edgedet.sample.base import Sample, SampleObject, State
from edgedet.sample.picture import jpeg
from edgedet.sample.store import SampleFiles
from edgedet.sampling import Sampling
from edgedet.stream.model import Thresholds
from tests.runs import tiny_settings
from tests.sample.fakes import nothing, sample

ODD = "<img src=x onerror=alert(1)> & \"odd\" 'name'"


def a_sampling(folder: Path, **sampling: object) -> Sampling:
    """Sampling below a folder, not started; `stop` it."""
    rules = [{"type": "hourly", "value": 20}, {"type": "daily", "value": 9, "per": "source"}]
    strategies = [{"name": "unsure", "type": "random", "limits": rules}]
    given = {"enabled": True, "approval": "manual", "strategies": strategies, "reserve_mib": 0}
    settings: Settings = tiny_settings(folder, sampling={**given, **sampling})
    manifest = read_bundle(settings.model.bundle).manifest
    return Sampling(settings, manifest, lambda: Thresholds(0.25, 0.45), SystemClock())


def keep(
    sampling: Sampling, number: int, size_wh: tuple[int, int] = (64, 48), **changes: object
) -> Sample:
    """Keep a picture, white in its upper left quarter, with an object there."""
    width, height = size_wh
    image = np.zeros((height, width, 3), dtype=np.uint8)
    image[: height // 2, : width // 2] = 255
    content = jpeg(image, 90)
    made = sample(
        number,
        state=State.KEPT,
        width=width,
        height=height,
        captured=utc_text(SystemClock().utc_now()),
        objects=(SampleObject(0, "person", 0.4, (0.0, 0.0, 0.5, 0.5)),),
        size_bytes=len(content),
    )
    return sampling.store.keep(replace(made, **changes), SampleFiles(content, "{}"), nothing)  # type: ignore[arg-type]
