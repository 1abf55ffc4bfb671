"""Whether a bundle works here: what the process does in which `edgedet.proving` has it tried.

That process has a low priority, and is what the kernel ends first when memory runs out. It builds
an engine where the backend needs one, chooses the backend where that is `auto`, which is remembered
for those who load the bundle then, and holds the answers against the golden pictures.
"""

import json
import logging
import os
import resource
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgedet.config.model import ModelSettings
from edgedet.detect import create_detector, store_in
from edgedet.detect.engine import BatchProfile, BuildSettings, EngineRequest, build_engine
from edgedet.detect.golden import own_deviation
from edgedet.errors import EdgedetError, ModelError
from edgedet.machine import free_memory_bytes
from edgedet.manifest import Bundle, read_bundle, verify_bundle
from edgedet.proving import Trial
from edgedet.vision.candidates import implausible

logger = logging.getLogger(__name__)

_NICENESS = 10
_SEED = 416
_SLACK_BYTES = 256 << 20  # what threads reserve for their stacks, and do not use


def prove(trial: Trial) -> None:
    """Load a bundle, run it in all sizes, and hold its answers against the golden ones.

    Raises:
        ModelError: it does not pass.
    """
    bundle = read_bundle(trial.bundle)
    verify_bundle(bundle)
    store = store_in(trial.state_dir)
    if trial.needs_engine:
        _build_engine(bundle, trial, store.folders)
    detector = create_detector(bundle, trial.model, trial.max_batch, store)
    try:
        deviation = own_deviation(bundle, detector)
        if deviation:
            msg = f"it answers wrongly on {detector.backend}: {deviation}"
            raise ModelError(msg)
        wrong = implausible(detector.infer(_pictures(trial.max_batch, bundle.input_hw)))
        if wrong:
            msg = f"it answers {wrong} on {detector.backend}; export it again"
            raise ModelError(msg)
    finally:
        detector.close()


def main() -> int:
    """Prove what standard input describes; the last line of the output says what is wrong."""
    request = json.loads(sys.stdin.buffer.read())
    _stand_back()
    trial = Trial(
        Path(request["bundle"]),
        ModelSettings.model_validate(request["model"]),
        request["max_batch"],
        Path(request["state_dir"]),
    )
    if not trial.needs_engine:  # what a GPU maps is no memory that anybody lacks
        _take_no_more_than_is_free()
    try:
        prove(trial)
    except MemoryError:
        sys.stdout.write("\nit takes more memory than is free\n")
        return 1
    except EdgedetError as exc:
        sys.stdout.write(f"\n{exc}\n")
        return 1
    return 0


def _pictures(count: int, input_hw: tuple[int, int]) -> NDArray[np.uint8]:
    """Grey ones, and one of noise."""
    pictures = np.full((count, *input_hw, 3), 114, np.uint8)
    pictures[-1] = np.random.default_rng(_SEED).integers(0, 256, pictures.shape[1:], np.uint8)
    return pictures


def _build_engine(bundle: Bundle, trial: Trial, folders: Sequence[Path]) -> None:
    """Build the engine, if it is not there; where another backend will do, it need not be."""
    largest = trial.max_batch
    profile = BatchProfile(1, -(-largest // 2), largest)
    try:
        build_engine(bundle, EngineRequest(BuildSettings(profile)), folders)
    except ModelError as exc:
        if trial.model.backend == "tensorrt":
            raise
        logger.warning("no TensorRT engine: %s", exc)


def _stand_back() -> None:
    """Take what others leave of processor and memory."""
    os.nice(_NICENESS)
    try:
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
    except OSError:  # another system
        logger.debug("no way to be ended first when memory runs out")


def _take_no_more_than_is_free() -> None:
    """Have a model fail that takes more, before the kernel has to end somebody."""
    free = free_memory_bytes()
    if free is None:
        return
    limit = free + _SLACK_BYTES
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


if __name__ == "__main__":
    sys.exit(main())
