"""A bundle is tried in a process of its own first: whatever it does there, the cameras go on.

What that process does is `edgedet.proof`, which the service has no need to load.
"""

import json
import logging
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from edgedet.config.model import ModelSettings
from edgedet.detect import available_backends
from edgedet.errors import ModelError

logger = logging.getLogger(__name__)

Pause = Callable[[float], None]

LIMIT_S = 300.0
ENGINE_LIMIT_S = 3600.0
_TICK_S = 0.2
_MAX_TOLD = 2000
_COMMAND = (sys.executable, "-m", "edgedet.proof")


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
    may_be = ", as when memory runs out" if name == "SIGKILL" else ""
    return (
        f"'{bundle.name}' crashes what runs it ({name}{may_be}); it was tried in a process of its"
        " own"
    )
