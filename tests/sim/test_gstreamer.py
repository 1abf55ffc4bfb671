"""The simulated cameras without their libraries."""

import subprocess
import sys


def test_missing_bindings_are_told_in_one_line() -> None:
    code = (
        "import sys; sys.modules['gi'] = None\n"
        "from edgedet.sim.rtsp_camera import main\n"
        "sys.exit(main(['--pattern', 'ball']))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=50
    )
    assert done.returncode == 1
    assert done.stderr.startswith("error: GStreamer's RTSP server is missing")
    assert "gir1.2-gst-rtsp-server-1.0" in done.stderr
