"""A bundle is tried apart: what it does to that process is told, and done to no other."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from edgedet import proving
from edgedet.errors import ModelError
from edgedet.proving import prove_apart
from tests.detect.tiny_bundle import make_tiny_bundle
from tests.models.bundles import make_golden_bundle
from tests.trials import make_trial

LIMIT_S = 60.0


def test_a_good_one_passes_and_its_backend_is_remembered(tmp_path: Path) -> None:
    waited: list[float] = []

    def pause(seconds: float) -> None:
        waited.append(seconds)
        time.sleep(seconds)

    trial = make_trial(make_golden_bundle(tmp_path / "bundle"), tmp_path, "auto")
    prove_apart(trial, pause, LIMIT_S)
    assert waited


def test_wrong_answers_are_told(tmp_path: Path) -> None:
    bundle = make_golden_bundle(tmp_path / "bundle", score_error=0.5)
    with pytest.raises(ModelError, match=r"bundle.*answers wrongly on onnxruntime: .* candidates"):
        prove_apart(make_trial(bundle, tmp_path), limit_s=LIMIT_S)


def test_a_crash_is_told_and_taken_by_nobody_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    crash = "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)"
    monkeypatch.setattr(proving, "_COMMAND", (sys.executable, "-c", crash))
    with pytest.raises(ModelError, match=r"crashes what runs it \(SIGSEGV\)"):
        prove_apart(make_trial(make_tiny_bundle(tmp_path / "bundle"), tmp_path), limit_s=LIMIT_S)


@pytest.mark.parametrize("ends", ["by its limit", "by an interruption"])
def test_one_that_takes_too_long_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ends: str
) -> None:
    ended: list[int] = []

    class Seen(subprocess.Popen[bytes]):
        def wait(self, timeout: float | None = None) -> int:
            ended.append(super().wait(timeout))
            return ended[-1]

    monkeypatch.setattr("edgedet.proving.subprocess.Popen", Seen)
    monkeypatch.setattr(proving, "_COMMAND", (sys.executable, "-c", "import time; time.sleep(99)"))

    def pause(seconds: float) -> None:
        time.sleep(seconds)
        if ends == "by an interruption":
            raise InterruptedError

    limit_s = 0.3 if ends == "by its limit" else LIMIT_S
    with pytest.raises(ModelError if ends == "by its limit" else InterruptedError):
        prove_apart(make_trial(make_tiny_bundle(tmp_path / "bundle"), tmp_path), pause, limit_s)
    assert ended == [-signal.SIGKILL]
