"""Importing does nothing, and works where the heavy libraries are absent."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.rules.tree import ROOT, module_files

BLOCKED = (
    *("torch", "gi", "tensorrt", "pycuda", "cuda", "openvino", "onnxruntime", "onnx"),
    *("amqtt", "roboflow"),
)
LIGHT = (
    *("cv2", "numpy", "paho.mqtt.client", "pydantic", "rich", "typer", "yaml"),
    *("prometheus_client", "starlette.applications", "uvicorn"),
)

# Runs in a process of its own: imports every module, then tells what changed.
SCRIPT = """
import importlib, json, logging, os, signal, sys, threading
blocked, preloaded, modules = json.loads(sys.argv[1])

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in blocked:
            raise ModuleNotFoundError(f"No module named {name!r} (blocked)", name=name)

sys.meta_path.insert(0, Blocker())
signals = [s for s in signal.valid_signals() if signal.getsignal(s) is not None]

def state():
    import numpy
    return {
        "threads": threading.active_count(),
        "handlers": [repr(h) for h in logging.getLogger().handlers],
        "level": logging.getLogger().level,
        "environment": sorted(os.environ.items()),
        "folder": os.getcwd(),
        "path": list(sys.path),
        "signals": {int(s): repr(signal.getsignal(s)) for s in signals},
        "numpy": repr(numpy.geterr()),
    }

for library in preloaded:  # what a library does when it is imported is not our doing
    importlib.import_module(library)
before = state()
failed = {}
for module in modules:
    try:
        importlib.import_module(module)
    except BaseException as exc:
        failed[module] = repr(exc)
after = state()
changed = {key: (before[key], after[key]) for key in before if before[key] != after[key]}
ours = [name for name in logging.root.manager.loggerDict if name.startswith(("edgedet", "train"))]
changed["loggers"] = [
    name for name in ours if logging.getLogger(name).handlers or logging.getLogger(name).level
]
with open(sys.argv[2], "w") as out:
    json.dump({"failed": failed, "changed": changed}, out)
"""


@dataclass(frozen=True, slots=True)
class Outcome:
    failed: dict[str, str]
    changed: dict[str, object]
    output: str
    files: list[str]


NOTHING = Outcome(failed={}, changed={"loggers": []}, output="", files=[])


def _import_all(
    package: str, *, blocked: tuple[str, ...], preloaded: tuple[str, ...], folder: Path
) -> Outcome:
    modules = [name for name in module_files(package) if not name.endswith("__main__")]
    report = folder / "report.json"
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    arguments = [json.dumps([blocked, preloaded, modules]), str(report)]
    done = subprocess.run(
        [sys.executable, "-B", "-c", SCRIPT, *arguments],
        cwd=elsewhere,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "HOME": str(elsewhere),
            "MPLCONFIGDIR": str(folder),  # matplotlib makes its folder when it is imported
        },
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    found = json.loads(report.read_text(encoding="utf-8"))
    files = [str(path.relative_to(elsewhere)) for path in elsewhere.rglob("*")]
    return Outcome(found["failed"], found["changed"], done.stdout + done.stderr, files)


def test_every_module_imports_without_the_heavy_libraries(tmp_path: Path) -> None:
    outcome = _import_all("edgedet", blocked=BLOCKED, preloaded=LIGHT, folder=tmp_path)

    assert outcome == NOTHING


@pytest.mark.timeout(180)
def test_importing_train_changes_nothing(tmp_path: Path) -> None:
    blocked = ("gi", "tensorrt", "pycuda", "cuda", "roboflow")

    outcome = _import_all("train", blocked=blocked, preloaded=(*LIGHT, "torch"), folder=tmp_path)

    assert outcome == NOTHING
