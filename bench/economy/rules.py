"""Rules that see the whole pool at once, as no device can: how much could a choice bring at best?

Each answers with `count` places of the stream, by what the network of the last stage sees.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from bench.economy.pool import Pool
from edgedet.sample.policies import entropy_bits
from edgedet.sample.view import Proposals, proposals_of
from edgedet.vision.boxes import iou_matrix

_IOU_THRESHOLD = 0.45
_DOUBTED, _LIKELY, _SURE = 0.05, 0.15, 0.25
_APART = 3  # frames, between two of one choice

Rule = Callable[[Pool, Sequence[int], int], list[int]]


def most_doubtful(pool: Pool, labelled: Sequence[int], count: int) -> list[int]:
    """The frames with the most bits of doubt in all, some frames apart."""
    value = _by_frame(pool, _doubt)
    taken = set(labelled)
    found: list[int] = []
    for place in np.argsort(-value, kind="stable").tolist():
        if len(found) < count and place not in taken:
            found.append(place)
            taken.update(range(place - _APART + 1, place + _APART))
    return sorted(found)


def doubtful_of_window(pool: Pool, labelled: Sequence[int], count: int) -> list[int]:
    """The frame with the most bits of doubt of each of `count` stretches of equal length."""
    return _best_of_windows(pool, labelled, count, _by_frame(pool, _doubt))


def fullest_of_window(pool: Pool, labelled: Sequence[int], count: int) -> list[int]:
    """The frame with the most objects of each of `count` stretches of equal length."""
    return _best_of_windows(pool, labelled, count, _by_frame(pool, _objects))


def new_places(pool: Pool, labelled: Sequence[int], count: int) -> list[int]:
    """One by one the frame whose objects are, in all, farthest from those of the frames chosen."""
    boxes = [seen.above(_LIKELY).boxes_xyxy for seen in _proposals(pool)]
    known = [np.zeros(len(each)) for each in boxes]

    def learn(frame: int) -> None:
        for number, each in enumerate(boxes):
            if len(each) and len(boxes[frame]):
                known[number] = np.maximum(
                    known[number], iou_matrix(each, boxes[frame]).max(axis=1)
                )

    for place in labelled:
        learn(pool.stream[place])
    left = set(range(len(pool.stream))) - set(labelled)
    found: list[int] = []
    while left and len(found) < count:
        best = max(left, key=lambda place: (float((1 - known[pool.stream[place]]).sum()), -place))
        found.append(best)
        left.remove(best)
        learn(pool.stream[best])
    return sorted(found)


RULES: dict[str, Rule] = {
    rule.__name__: rule
    for rule in (most_doubtful, doubtful_of_window, fullest_of_window, new_places)
}


def _proposals(pool: Pool) -> list[Proposals]:
    return [proposals_of(each, _IOU_THRESHOLD) for each in pool.candidates]


def _doubt(seen: Proposals) -> float:
    return float(entropy_bits(seen.scores[seen.scores >= _DOUBTED]).sum())


def _objects(seen: Proposals) -> float:
    return float((seen.scores > _SURE).sum())


def _by_frame(pool: Pool, value: Callable[[Proposals], float]) -> NDArray[np.float64]:
    """A value for each place of the stream."""
    values = np.array([value(seen) for seen in _proposals(pool)])
    return np.asarray(values[np.asarray(pool.stream)])


def _best_of_windows(
    pool: Pool, labelled: Sequence[int], count: int, value: NDArray[np.float64]
) -> list[int]:
    left = np.array(sorted(set(range(len(pool.stream))) - set(labelled)))
    windows = np.array_split(left, min(count, len(left)))
    return [int(window[np.argmax(value[window])]) for window in windows]
