"""From the start of the process to its first message at the broker: `python -m bench.start`.

Beside it, the least that such a program can take: a Python that imports ONNX Runtime and OpenCV,
loads the model, and runs it once.
"""

import contextlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench.broker import arrivals, broker
from bench.live import parser
from bench.rows import Rows

_PATIENCE_S = 120.0
_LEAST = """
import sys
import cv2
import numpy
import onnxruntime
session = onnxruntime.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
inputs = session.get_inputs()[0]
shape = [size if isinstance(size, int) else 1 for size in inputs.shape]
session.run(None, {inputs.name: numpy.zeros(shape, numpy.uint8)})
"""


def main() -> int:
    """Measure and print a table."""
    made = parser(__doc__)
    options = made.parse_args()
    if options.clip is None:
        made.error("--clip is needed: the video that is its source")
    rows = Rows()
    with broker() as port, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        config = folder / "start.yaml"
        config.write_text(json.dumps(_configuration(options.bundle, options, port)))
        _first_message_s(config, port, folder)  # fills the disk's cache
        for _ in range(options.rounds):
            least_s = _least_s(options.bundle)
            first_s = _first_message_s(config, port, folder)
            rows.add(
                {
                    "start to first message, s": first_s,
                    "imports, model and one run, s": least_s,
                    "times the least": first_s / least_s,
                }
            )
    rows.print(f"{options.backend}, {options.bundle}")
    return 0


def _configuration(bundle: Path, options: object, port: int) -> dict[str, object]:
    clip = getattr(options, "clip").resolve().as_uri()  # noqa: B009 - argparse knows no types
    return {
        "device": {"site": "bench", "name": "start"},
        "model": {"bundle": str(bundle.resolve()), "backend": "onnxruntime"},
        "sources": [{"id": "file", "uri": clip, "realtime": False, "loop": True}],
        "mqtt": {"url": f"mqtt://127.0.0.1:{port}"},
        "state_dir": "state",
    }


def _least_s(bundle: Path) -> float:
    start_s = time.monotonic()
    command = [sys.executable, "-c", _LEAST, str(bundle / "model.onnx")]
    subprocess.run(command, check=True, timeout=_PATIENCE_S)
    return time.monotonic() - start_s


def _first_message_s(config: Path, port: int, folder: Path) -> float:
    log = folder / "arrivals"
    with arrivals(port, "edgedet/v1/bench/start/src/+/detections", log):
        start_s = time.monotonic()
        with _running(config):
            while not log.read_text(encoding="utf-8").partition("\n")[1]:
                time.sleep(0.01)
                if time.monotonic() - start_s > _PATIENCE_S:
                    sys.exit(f"no message within {_PATIENCE_S:.0f} s")
        return float(log.read_text(encoding="utf-8").split()[0]) - start_s


@contextlib.contextmanager
def _running(config: Path) -> Iterator[None]:
    command = [sys.executable, "-m", "edgedet", "--log-level", "warning", "run", "--no-table"]
    with subprocess.Popen([*command, str(config)]) as process:
        try:
            yield
        finally:
            process.terminate()


if __name__ == "__main__":
    sys.exit(main())
