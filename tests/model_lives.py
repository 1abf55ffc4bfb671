"""A process of its own in which models come and go: `python -m tests.model_lives STATE BACKEND …`.

Prints what it has left after each, a line of JSON: bytes, threads. In the process of the tests,
what thousands of them have left would be in it.
"""

import json
import sys
from pathlib import Path

from edgedet.clock import SystemClock
from edgedet.config.model import ModelSettings
from edgedet.detect import store_in
from edgedet.manifest import read_bundle
from edgedet.startup import model_of
from edgedet.stream.runner import Runner
from tests.resident import resident_bytes, thread_count
from tests.stream.fakes import WAIT_S

MAX_BATCH = 3
THREADS = 2  # so that ONNX Runtime deals batches out, and OpenVINO does not


def main() -> None:
    """Load the person model on each backend in turn, try it, and let it go."""
    bundle = read_bundle(Path("models/person"))
    for backend in sys.argv[2:]:
        asked = {"bundle": bundle.folder, "backend": backend, "threads": THREADS}
        settings = ModelSettings.model_validate(asked)
        model = model_of(bundle, settings, MAX_BATCH, store_in(Path(sys.argv[1])))
        runner = Runner("infer", model, lambda _runner, _error: None, SystemClock())
        runner.start(MAX_BATCH)
        runner.wait_until_loaded(WAIT_S)
        if not runner.stop(WAIT_S):
            sys.exit(f"{backend} does not end")
        sys.stdout.write(json.dumps([resident_bytes(), thread_count()]) + "\n")


if __name__ == "__main__":
    main()
