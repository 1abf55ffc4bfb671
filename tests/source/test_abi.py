"""What loading GStreamer does to the rest of the process."""

import subprocess
import sys
from importlib.util import find_spec

import pytest

_THROW_AFTER_GSTREAMER = """
from edgedet.source.library import load_gstreamer

load_gstreamer()
from edgedet.detect.openvino import import_openvino

openvino = import_openvino()
for _ in range(200):
    assert [size.is_dynamic for size in openvino.PartialShape([-1, 3])] == [True, False]
print("alive")
"""


@pytest.mark.skipif(find_spec("openvino") is None, reason="openvino is not installed")
def test_exceptions_of_cpp_libraries_survive_gstreamer() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _THROW_AFTER_GSTREAMER],
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert done.stdout == "alive\n", done.stderr[-500:]
    assert done.returncode == 0
