"""What a running service's change of model costs: `python -m bench.change`.

    python -m bench.change --bundle models/person [--to models/other] [--rounds 3] [--cameras 2]

`edgedet run` in a process of its own watches a file that may lose nothing, as fast as it can, and
live cameras beside it. `edgedet models install --activate` gives it another bundle, or the same one
under another version; it is proven, looks on in the shadow, and takes over. Told are the frames of
the file that are missing or there twice, and the pause between the old model's last message and the
new one's first, beside the longest one among the hundred before.
"""

import argparse
import itertools
import json
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from bench.rows import Rows
from edgedet.manifest import read_bundle, write_manifest

_PATIENCE_S = 120.0
_AFTER_S = 3.0
_POLL_S = 0.2
_SHADOW_S = 5.0
_ANY = {  # this is about the change, not about who is better
    "min_agreement": 0,
    "max_latency": 0,
    "min_rate": 0,
    "max_rate": 0,
    "min_watch_rate": 0,
    "max_watch_rate": 0,
}
_BEFORE = 100  # messages of the old model that the pause is compared with


@dataclass(frozen=True, slots=True)
class Line:
    """A message, of which frame and by which model."""

    source: str
    seq: int
    published_s: float
    version: str


def main() -> int:
    """Measure and print a table."""
    made = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("--bundle", type=Path, default=Path("models/person"), help="(%(default)s)")
    made.add_argument("--to", type=Path, help="the other bundle; the same one if not given")
    made.add_argument("--backend", default="onnxruntime", help="(%(default)s)")
    made.add_argument("--rounds", type=int, default=3, help="(%(default)s)")
    made.add_argument("--cameras", type=int, default=2, help="(%(default)s)")
    options = made.parse_args()
    rows = Rows()
    for _ in range(options.rounds):
        with tempfile.TemporaryDirectory() as name:
            rows.add(_figures(_run(Path(name), options)))
    rows.print(f"{options.backend}, {options.bundle} to {options.to or 'itself'}")
    return 0


def _run(folder: Path, options: argparse.Namespace) -> list[Line]:
    config, out = folder / "change.yaml", folder / "out.jsonl"
    config.write_text(json.dumps(_configuration(folder, out, options)), encoding="utf-8")
    other = folder / "other"
    shutil.copytree(options.to or options.bundle, other)
    bundle = read_bundle(other)
    version = f"{bundle.manifest.version}-changed"
    write_manifest(other, bundle.manifest.model_copy(update={"version": version}))
    command = (sys.executable, "-m", "edgedet")
    with (folder / "log").open("wb") as log:
        service = subprocess.Popen(
            [*command, "run", str(config)], stdout=log, stderr=subprocess.STDOUT
        )
        try:
            _wait(lambda: out.is_file() and len(_lines(out)) > _BEFORE, folder)
            install = [*command, "models", "install", str(other), "--config", str(config)]
            subprocess.run([*install, "--activate"], check=True, capture_output=True)
            _wait(lambda: any(line.version == version for line in _lines(out)), folder)
            time.sleep(_AFTER_S)
        finally:
            service.send_signal(signal.SIGTERM)
            service.wait()
    return _lines(out)


def _configuration(folder: Path, out: Path, options: argparse.Namespace) -> dict[str, object]:
    picture = "test://ball?width=768&height=576&fps=10"
    file = {"id": "file", "uri": f"{picture}&frames=1000000", "realtime": False}
    cameras = [{"id": f"cam{n}", "uri": picture} for n in range(options.cameras)]
    return {
        "device": {"site": "bench", "name": "bench"},
        "model": {"bundle": str(options.bundle.resolve()), "backend": options.backend},
        "sources": [file, *cameras],
        "mqtt": "off",
        "jsonl": str(out),
        "state_dir": str(folder / "state"),
        "rollout": {"shadow_s": _SHADOW_S, "watch_minutes": 10, "band": _ANY},
    }


def _lines(out: Path) -> list[Line]:
    found = []
    for text in out.read_text(encoding="utf-8").splitlines(keepends=True):
        if not text.endswith("\n"):
            break  # it is being written
        body = json.loads(text)
        told = body["time"]["published"].replace("Z", "+00:00")
        published_s = datetime.fromisoformat(told).timestamp()
        version = body["model"]["version"]
        found.append(Line(body["source"], body["frame"]["seq"], published_s, version))
    return found


def _wait(condition: Callable[[], bool], folder: Path) -> None:
    end_s = time.monotonic() + _PATIENCE_S
    while not condition():
        if time.monotonic() > end_s:
            sys.exit((folder / "log").read_text(encoding="utf-8")[-4000:])
        time.sleep(_POLL_S)


def _figures(lines: list[Line]) -> dict[str, float]:
    versions = list(dict.fromkeys(line.version for line in lines))
    first = next(n for n, line in enumerate(lines) if line.version == versions[-1])
    times = [line.published_s for line in lines[max(0, first - _BEFORE) : first + 1]]
    pauses = [1000.0 * (after - before) for before, after in itertools.pairwise(times)]
    seqs = [line.seq for line in lines if line.source == "file"]
    return {
        "frames of the file": float(len(seqs)),
        "missing": float(seqs[-1] + 1 - len({*seqs})),
        "twice or out of order": float(sum(b <= a for a, b in itertools.pairwise(seqs))),
        "models out of order": float(sum(line.version != versions[-1] for line in lines[first:])),
        "pause at the change, ms": pauses[-1],
        "longest of the 100 before, ms": max(pauses[:-1]),
        "usual, ms": statistics.median(pauses[:-1]),
    }


if __name__ == "__main__":
    sys.exit(main())
