"""A backend alone: prepared batches in, candidates out, nothing beside it."""

import time

import numpy as np
from numpy.typing import NDArray

from edgedet.commands.bench.feed import Feed
from edgedet.commands.bench.figures import Bare
from edgedet.commands.bench.whole import Load
from edgedet.detect import Detector, create_detector, store_in
from edgedet.detect.base import Proven
from edgedet.detect.engine.store import ENGINE_SUFFIX
from edgedet.manifest import Bundle
from edgedet.stream.stats import Samples
from edgedet.vision import select_detections

_WARM_RUNS = 2
_MIN_RUNS = 3
_POST_RUNS = 32


def measure_bare(bundle: Bundle, load: Load, feed: Feed, seconds: float) -> Bare:
    """Run batches for `seconds`; then post-process what came out, alone.

    Raises:
        ModelError: If the backend cannot be used.
    """
    detector = create_detector(bundle, load.model, load.batch, store_in(load.state_dir))
    try:
        return _measure(detector, bundle, load.batch, feed, seconds)
    finally:
        detector.close()


def _measure(detector: Detector, bundle: Bundle, batch: int, feed: Feed, seconds: float) -> Bare:
    batches = _batches(feed.pictures_nhwc, batch)
    for number in range(_WARM_RUNS):
        candidates = detector.infer(batches[number % len(batches)])
    times = Samples()
    start_s, runs = time.perf_counter(), 0
    while runs < _MIN_RUNS or time.perf_counter() - start_s < seconds:
        before_s = time.perf_counter()
        candidates = detector.infer(batches[runs % len(batches)])
        times.add(time.perf_counter() - before_s)
        runs += 1
    rate = runs * batch / (time.perf_counter() - start_s)
    post = Samples()
    for number in range(_POST_RUNS):
        before_s = time.perf_counter()
        _select(bundle, candidates[number % batch], feed)
        post.add(time.perf_counter() - before_s)
    engine = detector.proof.with_suffix(ENGINE_SUFFIX) if isinstance(detector, Proven) else None
    return Bare(rate, times.percentiles(), post.percentiles(), engine)


def _select(bundle: Bundle, candidates: NDArray[np.float32], feed: Feed) -> None:
    thresholds = bundle.manifest.thresholds
    select_detections(
        candidates,
        feed.boxes[0],
        score_threshold=thresholds.score,
        iou_threshold=thresholds.iou,
        max_detections=len(candidates),
    )


def _batches(pictures_nhwc: NDArray[np.uint8], batch: int) -> list[NDArray[np.uint8]]:
    """Contiguous batches of the pictures, some of them twice where there are too few."""
    count = max(1, len(pictures_nhwc) // batch)
    shape = (count, batch, *pictures_nhwc.shape[1:])
    return list(np.ascontiguousarray(np.resize(pictures_nhwc, shape)))
