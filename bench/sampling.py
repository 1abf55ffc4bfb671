"""What a frame costs that is looked at for sampling, step by step.

    PYTHONPATH=. python bench/sampling.py [--video FILE] [--rounds 100] [--threads 1]

Medians in milliseconds, on one thread. `copy` is all that the pipeline's own threads do; the rest
runs on the sampler's, and the last three only for a frame that is kept.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from bench.pixels import first_picture
from edgedet.config.sampling import BlurSettings, StrategySettings
from edgedet.frame import CaptureSource, CaptureTime, Frame, FrameInfo, PixelFormat
from edgedet.sample.diversity import look_of
from edgedet.sample.picture import jpeg
from edgedet.sample.privacy import Veil
from edgedet.sample.strategy import Scene, Strategy
from edgedet.sample.view import proposals_of
from edgedet.vision.pixels import to_rgb

SIZES_HW = ((576, 768), (720, 1280), (1080, 1920))
STRATEGIES = (
    {"name": "a", "type": "close_to_threshold", "threshold": 0.3, "epsilon": 0.1},
    {"name": "b", "type": "entropy", "minimum_entropy": 50.0},
    {"name": "c", "type": "detections_number_based", "more_than": 300},
)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--video", type=Path, help="take the picture from it, else a made one")
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--threads", type=int, default=1, help="of OpenCV")
    options = parser.parse_args()
    cv2.setNumThreads(options.threads)
    picture = first_picture(options.video)
    for height, width in SIZES_HW:
        steps = make_steps(np.asarray(cv2.resize(picture, (width, height)), dtype=np.uint8))
        times: dict[str, list[float]] = {name: [] for name in steps}
        for _ in range(options.rounds):
            for name, step in steps.items():
                start_s = time.perf_counter()
                step()
                times[name].append(time.perf_counter() - start_s)
        told = (f"{name} {statistics.median(t) * 1000:.2f}" for name, t in times.items())
        print(f"{width} x {height}: {', '.join(told)}")


def make_steps(bgr: NDArray[np.uint8]) -> dict[str, Callable[[], object]]:
    """The steps for one picture, as the sampler takes them."""
    frame, candidates = _nv12(bgr), _candidates(bgr.shape[1], bgr.shape[0])
    seen = proposals_of(candidates, 0.45)
    scene = Scene("bench", seen, 0.25)
    strategies = [Strategy(StrategySettings.model_validate(s), ("person",)) for s in STRATEGIES]
    veil = Veil(BlurSettings(classes=["person"]), ("person",))
    rgb = to_rgb(frame)
    return {
        "copy": frame.copy,
        "proposals": lambda: proposals_of(candidates, 0.45),
        "three strategies": lambda: [each.match(scene, 0.0) for each in strategies],
        "look": lambda: look_of(frame, scene.detections),
        "convert": lambda: to_rgb(frame),
        "blur": lambda: veil.hide(rgb.copy(), "bench", seen),
        "encode": lambda: jpeg(rgb, 95),
    }


def _nv12(bgr: NDArray[np.uint8]) -> Frame:
    height, width = bgr.shape[:2]
    planes = cv2.cvtColor(bgr, cv2.COLOR_BGR2YUV_I420)
    quarter = height * width // 4
    chroma = np.asarray(planes[height:], dtype=np.uint8).reshape(2, quarter)
    uv = np.ascontiguousarray(chroma.T).reshape(height // 2, width // 2, 2)
    luma = np.ascontiguousarray(planes[:height], dtype=np.uint8)
    capture = CaptureTime(datetime.now(timezone.utc), CaptureSource.FILE)
    info = FrameInfo("bench", 0, width, height, None, capture, 0.0)
    return Frame(info, PixelFormat.NV12, (luma, uv))


def _candidates(width: int, height: int) -> NDArray[np.float32]:
    """300 rows as a model gives them: 20 objects found many times each."""
    rng = np.random.default_rng(0)
    centres = rng.uniform(0.1, 0.9, (20, 2)) * [width, height]
    around = centres[rng.integers(0, 20, 300)] + rng.normal(0, 4, (300, 2))
    half = np.array([0.02 * width, 0.08 * height])
    scores = np.sort(rng.beta(0.5, 4, 300))[::-1]
    rest = np.stack([scores, np.zeros(300), np.zeros(300)], axis=1)
    return np.hstack([around - half, around + half, rest]).astype(np.float32)


if __name__ == "__main__":
    main()
