"""NVIDIA's cuda-bindings as it is: its names, and what it says where there is no driver."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.detect.cuda.fake_bindings import bindings_driver
from tests.detect.cuda.fake_gpu import FakeGpu
from tests.rules.tree import ROOT

SITE_PACKAGES = next(ROOT.glob(".venv-trt/lib/python3*/site-packages"), None)
DRIVER = Path("/proc/driver/nvidia")

pytestmark = [
    pytest.mark.trt,
    pytest.mark.skipif(SITE_PACKAGES is None, reason="no .venv-trt; `make test-trt` makes it"),
]


def run(script: str, *arguments: str) -> str:
    """What a script prints that can import what `.venv-trt` has."""
    start = f"import sys; sys.path.append({str(SITE_PACKAGES)!r})\n"
    done = subprocess.run(
        [sys.executable, "-c", start + script, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def test_the_imitation_has_no_name_that_the_real_one_lacks() -> None:
    fake = bindings_driver(FakeGpu())
    names = [name for name in vars(fake) if name.startswith(("cu", "CU"))]
    groups = {
        group: [name for name in vars(getattr(fake, group)) if name.startswith("CU_")]
        for group in (
            "CUdevice_attribute",
            "CUstream_flags",
            "CUevent_flags",
            "CUstreamCaptureMode",
        )
    }
    groups["CUresult"] = [each.name for each in fake.CUresult]
    script = (
        "import json\n"
        "from cuda.bindings import driver\n"
        "names, groups = json.loads(sys.argv[1])\n"
        "lacking = [name for name in names if not hasattr(driver, name)]\n"
        "for group, members in groups.items():\n"
        "    lacking += [m for m in members if not hasattr(getattr(driver, group), m)]\n"
        "print(json.dumps([lacking, driver.CU_MEMHOSTALLOC_DEVICEMAP]))\n"
    )
    assert json.loads(run(script, json.dumps([names, groups]))) == [[], 2]


@pytest.mark.skipif(DRIVER.exists(), reason="this machine has a driver")
def test_without_a_driver_there_is_one_clear_error() -> None:
    script = (
        "from edgedet.detect.cuda import open_cuda\n"
        "from edgedet.errors import ModelError\n"
        "try:\n"
        "    open_cuda()\n"
        "except ModelError as exc:\n"
        "    print(exc)\n"
    )
    assert run(script).startswith("no NVIDIA GPU can be used here (cuda-bindings: ")
