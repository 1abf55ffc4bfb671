"""NVIDIA's cuda-bindings as it is: its names, and what it says where there is no driver."""

import json
import os
import shutil
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


def run(script: str, *arguments: str, environment: dict[str, str] | None = None) -> str:
    """What a script prints that can import what `.venv-trt` has."""
    start = f"import sys; sys.path.append({str(SITE_PACKAGES)!r})\n"
    done = subprocess.run(
        [sys.executable, "-c", start + script, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, **(environment or {})},
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


# everything of the protocol once, then whatever the driver still holds
USE_ALL = """
import ctypes, os
from edgedet.detect.cuda import open_cuda
from edgedet.errors import ModelError
cuda = open_cuda()
print(cuda.device)
memory, up, down, event = (
    cuda.allocate(1024), cuda.create_stream(), cuda.create_stream(), cuda.create_event()
)
memory.host[:] = 7
memory.upload(1024, up)
event.record(up)
event.delay(down)
event.synchronize()
memory.host[:] = 0
memory.download(512, down)
down.synchronize()
print(memory.host[511], memory.host[512])
graph = cuda.capture(up, lambda: memory.upload(16, up))
graph.launch(up)
if not cuda.device.is_integrated:
    try:
        cuda.allocate(1 << 30)
    except ModelError as exc:
        print(exc)
os.environ["STUB_LOST"] = "1"
try:
    up.synchronize()
except ModelError as exc:
    print(exc)
for each in (graph, memory, event, up, down, cuda):
    getattr(each, "free", getattr(each, "close", None))()
print(ctypes.CDLL("libcuda.so.1").edgedet_held())
"""


@pytest.fixture(scope="module")
def stub(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a libcuda.so.1 made of `driver.c`."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler")
    folder = tmp_path_factory.mktemp("driver")
    source, library = ROOT / "tests" / "trt" / "driver.c", folder / "libcuda.so.1"
    flags = ["-shared", "-fPIC", "-Wl,-soname,libcuda.so.1", "-o", str(library)]
    subprocess.run([compiler, str(source), *flags, "-ldl"], check=True, timeout=60)
    return folder


@pytest.mark.parametrize("is_tegra", [False, True])
def test_the_real_binding_with_a_driver_of_malloc(stub: Path, *, is_tegra: bool) -> None:
    environment = {"LD_LIBRARY_PATH": str(stub)} | ({"STUB_TEGRA": "1"} if is_tegra else {})
    lines = run(USE_ALL, environment=environment).splitlines()
    device, numbers, *errors, held = lines
    assert f"compute_capability=(8, 7), multiprocessors=14, is_integrated={is_tegra}" in device
    assert numbers == ("0 0" if is_tegra else "7 0")
    assert "CUDA_ERROR_ILLEGAL_ADDRESS; this process cannot use the GPU any more" in errors[-1]
    if not is_tegra:
        assert "no memory left for allocating 1024.0 MiB (CUDA: CUDA_ERROR_OUT_OF_ME" in errors[0]
    assert held == "0"
