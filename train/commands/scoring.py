"""Scores of an epoch while a run goes on, each process doing its part of the pictures."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from train.data.dataset import Sample
from train.engine import Scores
from train.engine.world import World
from train.evaluate import EvaluationSettings, PictureResult, TorchPredictor, evaluate
from train.evaluate.average_precision import average_precision
from train.evaluate.match import match_detections
from train.model import DetectionNetwork


@dataclass(frozen=True, slots=True, eq=False)
class _Found:
    """A picture's detections, which of them are right, and what is there."""

    hits: NDArray[np.bool_]
    scores: NDArray[np.float32]
    class_ids: NDArray[np.int32]
    truth: NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Scorer:
    """Scores a network on the validation pictures, with the device's own post-processing.

    Process r of n takes each n-th batch, so a batch is made of the same pictures whatever n is,
    and the scores are those of one process to the last bit.
    """

    samples: Sequence[Sample]
    class_names: tuple[str, ...]
    image_size: int
    world: World

    def __call__(self, network: DetectionNetwork) -> Scores:
        """AP@50 and AP@50:95, the same in every process."""
        settings = EvaluationSettings()
        size = settings.batch_size
        batches = [self.samples[i : i + size] for i in range(0, len(self.samples), size)]
        own = [sample for batch in batches[self.world.rank :: self.world.size] for sample in batch]
        found: list[_Found] = []
        if own:
            predictor = TorchPredictor(network, (self.image_size, self.image_size))
            evaluate(predictor, own, self.class_names, settings, lambda r: found.append(_judge(r)))
        parts = self.world.gather(found)
        return _score(_in_order(parts, len(batches), size), len(self.class_names))


def _judge(result: PictureResult) -> _Found:
    hits = match_detections(result.found, result.truth_xyxy, result.truth_classes)
    return _Found(hits, result.found.scores, result.found.class_ids, result.truth_classes)


def _in_order(parts: list[list[_Found]], batches: int, size: int) -> list[_Found]:
    """The pictures of all processes as one process would have them."""
    taken = [0] * len(parts)
    ordered: list[_Found] = []
    for batch in range(batches):
        rank = batch % len(parts)
        ordered += parts[rank][taken[rank] : taken[rank] + size]
        taken[rank] += size
    return ordered


def _score(found: list[_Found], num_classes: int) -> Scores:
    score = average_precision(
        np.concatenate([each.hits for each in found]),
        np.concatenate([each.scores for each in found]),
        np.concatenate([each.class_ids for each in found]),
        np.concatenate([each.truth for each in found]),
    )
    by_class = np.zeros(num_classes)
    by_class[score.classes] = score.per_class.mean(axis=1)
    return Scores(score.ap50, score.ap, tuple(by_class.tolist()))
