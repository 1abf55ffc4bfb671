"""The frames that have no labels yet, as a device sees them with the model that it runs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgedet.detections import Detections, FrameDetections, SeenFrame
from edgedet.frame import CaptureSource, CaptureTime, Frame, FrameInfo, PixelFormat
from edgedet.vision import Letterbox
from train.data.dataset import Sample
from train.engine.precision import choose_device
from train.evaluate.backends import open_predictor
from train.evaluate.inputs import fit_fixed

SOURCE = "pool"
FRAME_S = 1 / 7
"""PETS09 was recorded at 7 frames a second."""
_BEGIN = datetime(2026, 5, 4, 9, 0, tzinfo=timezone.utc)
_BATCH = 10
_NOTHING = Detections(np.empty((0, 4), np.float32), np.empty(0, np.float32), np.empty(0, np.int32))


@dataclass(frozen=True, slots=True)
class Pool:
    """The frames in their order, and the candidates (K, 7) of each, boxes in its own pixels."""

    samples: Sequence[Sample]
    candidates: Sequence[NDArray[np.float32]]

    def seen(self, number: int) -> SeenFrame:
        """A frame as the sampler is handed it."""
        image = self.samples[number].load()
        moment = CaptureTime(_BEGIN + timedelta(seconds=number * FRAME_S), CaptureSource.FILE)
        info = FrameInfo(
            SOURCE, number, image.shape[1], image.shape[0], None, moment, number * FRAME_S
        )
        frame = Frame(info, PixelFormat.RGB, (image,))
        return SeenFrame(frame, FrameDetections(info, _NOTHING), self.candidates[number])


def look_at(samples: Sequence[Sample], weights: Path) -> Pool:
    """What a model makes of the frames: the candidates of the graph that would be exported."""
    predictor, _ = open_predictor(weights, device=str(choose_device("auto")))
    found: list[NDArray[np.float32]] = []
    for first in range(0, len(samples), _BATCH):
        pairs = [fit_fixed(s.load(), predictor.input_hw) for s in samples[first : first + _BATCH]]
        answers = predictor.infer(np.stack([image for image, _ in pairs]))
        found += [_in_frame(rows, box) for rows, (_, box) in zip(answers, pairs, strict=True)]
    return Pool(samples, found)


def _in_frame(candidates: NDArray[np.float32], box: Letterbox) -> NDArray[np.float32]:
    own = candidates.copy()
    own[:, :4] = box.to_source(candidates[:, :4])
    return own
