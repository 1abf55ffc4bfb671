"""Bare backend, OpenCV loop and whole pipeline, interleaved in one run: `make bench`.

Machines are shared and noisy, so read the ratios, which are of medians within this run.
"""

import argparse
import contextlib
import json
import os
import platform
import statistics
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.broker import broker

_DEFAULT_CLIP = Path.home() / ".cache" / "edgedet" / "vtest.avi"
_WORKLOAD_TIMEOUT_S = 600
Figures = dict[str, list[float]]


def main() -> int:
    """Measure, print a table, and with --json write every figure to a file."""
    options = _parser().parse_args()
    console = Console(soft_wrap=True)
    if not options.clip.is_file():
        console.print(f"no clip at {options.clip}; run deploy/fetch-clip.sh or give --clip")
        return 2
    plan = _plan(options)
    figures: Figures = {label: [] for label in plan}
    stages: dict[str, dict[str, list[float]]] = {}
    with broker() as port:
        for number in range(options.rounds):
            for label, arguments in plan.items():
                answer = _run(arguments, options, port)
                figures[label].append(float(str(answer["images_per_s"])))
                if isinstance(answer.get("stages_ms"), dict):
                    stages[label] = answer["stages_ms"]  # type: ignore[assignment]
                console.print(f"round {number + 1}: {label}: {figures[label][-1]:.2f} images/s")
    console.print(_table(figures, options))
    for label, times in stages.items():
        console.print(f"{label}, milliseconds p50/p99 by stage (last round): {_stages(times)}")
    if options.json:
        machine = {"cpu": _cpu(), "cores": os.cpu_count(), "python": platform.python_version()}
        content = {"machine": machine, "images_per_s": figures, "stages_ms": stages}
        options.json.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    return 0


def _plan(options: argparse.Namespace) -> dict[str, list[str]]:
    """What to run, by the label in the table; the first is what the others are compared with."""
    batch = ["--batch", str(options.batch)]
    plan = {
        f"bare session, batch {options.batch}": ["bare", *batch],
        "bare session, batch 1": ["bare", "--batch", "1"],
        "OpenCV loop": ["opencv"],
        "edgedet, 1 source": ["pipeline", *batch],
    }
    if options.sources > 1:
        label = f"edgedet, {options.sources} sources"
        plan[label] = ["pipeline", *batch, "--sources", str(options.sources)]
    return plan


def _run(arguments: list[str], options: argparse.Namespace, port: int) -> dict[str, object]:
    command = [sys.executable, "-m", "bench.workloads", *arguments]
    command += ["--bundle", str(options.bundle), "--clip", str(options.clip)]
    command += ["--backend", options.backend, "--frames", str(options.frames)]
    command += ["--broker-port", str(port)]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=_WORKLOAD_TIMEOUT_S
    )
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)} failed:\n{done.stderr[-2000:]}")
    answer: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return answer


def _table(figures: Figures, options: argparse.Namespace) -> Table:
    best = max(statistics.median(v) for label, v in figures.items() if label.startswith("bare"))
    caption = f"{options.backend}, {options.bundle}, {_cpu()}, {os.cpu_count()} cores"
    table = Table(title="images/s", caption=caption, title_justify="left")
    table.add_column("what")
    for heading in ("min", "median", "max", "of the best bare session"):
        table.add_column(heading, justify="right")
    for label, values in figures.items():
        median = statistics.median(values)
        numbers = (min(values), median, max(values))
        table.add_row(label, *(f"{n:.2f}" for n in numbers), f"{median / best:.3f}")
    return table


def _stages(times: dict[str, list[float]]) -> str:
    return ", ".join(f"{stage} {p50:.1f}/{p99:.1f}" for stage, (p50, p99) in times.items())


def _cpu() -> str:
    with contextlib.suppress(OSError), Path("/proc/cpuinfo").open(encoding="utf-8") as file:
        for line in file:
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.machine()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--bundle", type=Path, default=Path("models/person"), help="(%(default)s)")
    parser.add_argument("--clip", type=Path, default=_DEFAULT_CLIP, help="video (%(default)s)")
    parser.add_argument("--backend", default="onnxruntime", help="or openvino (%(default)s)")
    parser.add_argument("--batch", type=int, default=8, help="pictures at once (%(default)s)")
    parser.add_argument("--sources", type=int, default=1, help="also with so many (%(default)s)")
    parser.add_argument("--frames", type=int, default=300, help="of a round (%(default)s)")
    parser.add_argument("--rounds", type=int, default=5, help="(%(default)s)")
    parser.add_argument("--json", type=Path, help="write every figure to this file")
    return parser


if __name__ == "__main__":
    sys.exit(main())
