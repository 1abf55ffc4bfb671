"""Whether anything grows when edgedet runs for long: `python -m bench.soak --minutes 60`.

A whole `edgedet run` with cameras (test patterns) and a broker, as a process of its own, looked at
every few seconds: memory, open files, threads. Each look is a line in --csv as soon as it is taken,
so that what an interrupted soak has seen can still be told with --report.
"""

import argparse
import csv
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import astuple, dataclass, fields
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from bench.broker import broker

_EVERY_S = 5.0
_PAGE_MB = 4096 / 1e6


@dataclass(frozen=True, slots=True)
class Look:
    """The process at one moment."""

    seconds: float
    rss_mb: float
    files: int
    threads: int


def main() -> int:
    """Soak, and print how steep each line is."""
    options = _parser().parse_args()
    if not options.report:
        options.csv.unlink(missing_ok=True)
        with broker() as port, tempfile.TemporaryDirectory() as folder:
            config = Path(folder) / "soak.yaml"
            config.write_text(json.dumps(_configuration(options, port)), encoding="utf-8")
            _soak(config, options)
    _report(options.csv, options.warm)
    return 0


def _soak(config: Path, options: argparse.Namespace) -> None:
    command = [sys.executable, "-m", "edgedet", "--log-level", "warning", "run", "--no-table"]
    start_s = time.monotonic()
    with (
        options.csv.open("w", newline="", encoding="utf-8", buffering=1) as file,
        subprocess.Popen([*command, str(config)]) as process,
    ):
        rows = csv.writer(file)
        rows.writerow(field.name for field in fields(Look))
        try:
            while time.monotonic() - start_s < 60.0 * options.minutes:
                time.sleep(_EVERY_S)
                if process.poll() is not None:
                    sys.exit(f"edgedet ended with {process.returncode}")
                rows.writerow(astuple(_look(process.pid, time.monotonic() - start_s)))
        except KeyboardInterrupt:  # what was seen is told all the same
            pass
        finally:
            process.terminate()


def _look(pid: int, seconds: float) -> Look:
    folder = Path(f"/proc/{pid}")
    pages = int((folder / "statm").read_text(encoding="ascii").split()[1])
    files, threads = (sum(1 for _ in (folder / name).iterdir()) for name in ("fd", "task"))
    return Look(round(seconds, 1), round(pages * _PAGE_MB, 2), files, threads)


def _report(path: Path, warm_minutes: float) -> None:
    with path.open(encoding="utf-8") as file:
        looks = [{key: float(value) for key, value in row.items()} for row in csv.DictReader(file)]
    warm = [look for look in looks if look["seconds"] >= 60.0 * warm_minutes]
    if len(warm) < 2:
        sys.exit(f"{path} has {len(warm)} looks after {warm_minutes:g} minutes; soak for longer")
    hours = np.array([look["seconds"] for look in warm]) / 3600.0
    table = Table(title=f"{60 * (hours[-1] - hours[0]):.0f} minutes", title_justify="left")
    table.add_column("what")
    for heading in ("first", "last", "most", "an hour more"):
        table.add_column(heading, justify="right")
    for name in ("rss_mb", "files", "threads"):
        values = np.array([look[name] for look in warm])
        slope = np.polyfit(hours, values, 1)[0]
        numbers = (values[0], values[-1], values.max(), slope)
        table.add_row(name, *(f"{number:.2f}" for number in numbers))
    Console().print(table)


def _configuration(options: argparse.Namespace, port: int) -> dict[str, object]:
    picture = f"test://ball?width=1280&height=720&fps={options.fps}"
    return {
        "device": {"site": "bench", "name": "soak"},
        "model": {"bundle": str(options.bundle.resolve()), "backend": options.backend},
        "sources": [
            {"id": f"camera-{number}", "uri": picture} for number in range(options.cameras)
        ],
        "mqtt": {"url": f"mqtt://127.0.0.1:{port}", "heartbeat_s": 5},
        "state_dir": "state",
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description=__doc__)
    parser.add_argument("--bundle", type=Path, default=Path("models/person"), help="(%(default)s)")
    parser.add_argument("--backend", default="onnxruntime", help="or openvino (%(default)s)")
    parser.add_argument("--cameras", type=int, default=4, help="(%(default)s)")
    parser.add_argument("--fps", type=int, default=10, help="of each (%(default)s)")
    parser.add_argument("--minutes", type=float, default=60.0, help="(%(default)s)")
    parser.add_argument("--warm", type=float, default=2.0, help="minutes left out (%(default)s)")
    parser.add_argument("--csv", type=Path, default=Path("soak.csv"), help="(%(default)s)")
    parser.add_argument("--report", action="store_true", help="only tell what --csv has")
    return parser


if __name__ == "__main__":
    sys.exit(main())
