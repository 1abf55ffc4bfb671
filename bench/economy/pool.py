"""The frames that have no labels yet, as a device sees them with the model that it runs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.economy.plan import Plan
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
    """The stream, as numbers of frames, and each frame's picture and candidates.

    `images` RGB uint8 (H, W, 3); `candidates` (K, 7), boxes in the picture's own pixels;
    `minutely`, how many labels a minute of the stream may have.
    """

    stream: Sequence[int]
    minutely: int
    images: Sequence[NDArray[np.uint8]]
    candidates: Sequence[NDArray[np.float32]]

    def seen(self, number: int) -> SeenFrame:
        """What the sampler is handed at a place in the stream."""
        frame_number = self.stream[number]
        image = self.images[frame_number]
        moment = CaptureTime(_BEGIN + timedelta(seconds=number * FRAME_S), CaptureSource.FILE)
        info = FrameInfo(
            SOURCE, number, image.shape[1], image.shape[0], None, moment, number * FRAME_S
        )
        frame = Frame(info, PixelFormat.RGB, (image,))
        return SeenFrame(frame, FrameDetections(info, _NOTHING), self.candidates[frame_number])


def look_at(plan: Plan, samples: Sequence[Sample], weights: Path) -> Pool:
    """What a model makes of the frames: the candidates of the graph that would be exported."""
    images = [sample.load() for sample in samples]
    predictor, _ = open_predictor(weights, device=str(choose_device("auto")))
    found: list[NDArray[np.float32]] = []
    for first in range(0, len(images), _BATCH):
        pairs = [fit_fixed(each, predictor.input_hw) for each in images[first : first + _BATCH]]
        answers = predictor.infer(np.stack([image for image, _ in pairs]))
        found += [_in_frame(rows, box) for rows, (_, box) in zip(answers, pairs, strict=True)]
    return Pool(plan.stream(), round(1 / plan.busy_share()), images, found)


def _in_frame(candidates: NDArray[np.float32], box: Letterbox) -> NDArray[np.float32]:
    own = candidates.copy()
    own[:, :4] = box.to_source(candidates[:, :4])
    return own
