"""A bundle is tried in a process of its own first: whatever it does there, the cameras go on.

That process has a low priority, and is what the kernel ends first when memory runs out. It builds
an engine where the backend needs one, chooses the backend where that is `auto`, which is remembered
for those who load the bundle then, and holds the answers against the golden pictures.
"""

import json
import logging
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edgedet.config.model import ModelSettings
from edgedet.detect import available_backends, create_detector, store_in
from edgedet.detect.engine import BatchProfile, BuildSettings, EngineRequest, build_engine
from edgedet.detect.golden import own_deviation
from edgedet.errors import EdgedetError, ModelError
from edgedet.manifest import Bundle, read_bundle, verify_bundle

logger = logging.getLogger(__name__)

Pause = Callable[[float], None]

LIMIT_S = 300.0
ENGINE_LIMIT_S = 3600.0
_TICK_S = 0.2
_NICENESS = 10
_MAX_TOLD = 2000
_COMMAND = (sys.executable, "-m", "edgedet.proving")


@dataclass(frozen=True, slots=True)
class Trial:
    """What is tried: the model as the service would load it."""

    bundle: Path
    model: ModelSettings
    max_batch: int
    state_dir: Path

    @property
    def needs_engine(self) -> bool:
        """Whether a TensorRT engine may have to be built."""
        name = self.model.backend
        return name == "tensorrt" or (name == "auto" and "tensorrt" in available_backends())


def prove_apart(trial: Trial, pause: Pause = time.sleep, limit_s: float | None = None) -> None:
    """Try a bundle in a process of its own, calling `pause` meanwhile.

    Raises:
        ModelError: it does not load, crashes, takes longer than `limit_s`, or answers wrongly.
    """
    limit_s = limit_s or (ENGINE_LIMIT_S if trial.needs_engine else LIMIT_S)
    request = {
        "bundle": str(trial.bundle),
        "model": trial.model.model_dump(mode="json"),
        "max_batch": trial.max_batch,
        "state_dir": str(trial.state_dir),
    }
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(  # noqa: S603 - our own module
            _COMMAND, stdin=subprocess.PIPE, stdout=said, stderr=subprocess.STDOUT
        )
        try:
            _wait(process, json.dumps(request).encode(), pause, limit_s)
        finally:
            process.kill()
            process.wait()
        said.seek(0)
        last_words = said.read()[-_MAX_TOLD:].decode(errors="replace").strip()
    if process.returncode != 0:
        raise ModelError(_problem(trial.bundle, process.returncode, last_words))
    logger.debug("tried %s apart: %s", trial.bundle, last_words)


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
        detector.infer(np.full((trial.max_batch, *bundle.input_hw, 3), 114, np.uint8))
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
    try:
        prove(trial)
    except EdgedetError as exc:
        sys.stdout.write(f"\n{exc}\n")
        return 1
    return 0


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


def _wait(process: "subprocess.Popen[bytes]", request: bytes, pause: Pause, limit_s: float) -> None:
    if process.stdin is None:
        msg = "a process without an input"
        raise ValueError(msg)
    try:
        process.stdin.write(request)
        process.stdin.close()
    except OSError:  # it has ended; its code says how
        return
    end_s = time.monotonic() + limit_s
    while process.poll() is None:
        if time.monotonic() > end_s:
            msg = f"the model was not ready after {limit_s:.0f} s, tried in a process of its own"
            raise ModelError(msg)
        pause(_TICK_S)


def _problem(bundle: Path, code: int, last_words: str) -> str:
    last = last_words.rpartition("\n")[2]
    if code > 0:
        return f"'{bundle.name}' does not run here: {last or f'exit code {code}'}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    return f"'{bundle.name}' crashes what runs it ({name}); it was tried in a process of its own"


def _stand_back() -> None:
    """Take what others leave of processor and memory."""
    os.nice(_NICENESS)
    try:
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
    except OSError:  # another system
        logger.debug("no way to be ended first when memory runs out")


if __name__ == "__main__":
    sys.exit(main())
