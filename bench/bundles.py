"""Bundles on backends, timed against each other: `python -m bench.bundles FP32 INT8`.

    python -m bench.bundles models/person models/person-int8 [--rounds 40] [--threads 2] [--batch 1]

All (bundle, backend) pairs take turns in one process, on the bundles' golden pictures, so that
whatever else the machine does falls on all of them. Two clocks: the wall, and the time of all
processors in this process, which hardly moves when other programs take the cores. The first pair
is what the others are compared with.
"""

import argparse
import statistics
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from edgedet.config.model import ModelSettings
from edgedet.detect import Detector, available_backends, create_detector
from edgedet.machine import machine_name
from edgedet.manifest import read_bundle, read_golden

_WARM_RUNS = 2


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("bundles", type=Path, nargs="+")
    parser.add_argument("--backends", nargs="+", default=sorted(available_backends(), reverse=True))
    parser.add_argument("--rounds", type=int, default=40, help="(%(default)s)")
    parser.add_argument("--threads", type=int, default=0, help="0: one for each core")
    parser.add_argument("--batch", type=int, default=1, help="(%(default)s)")
    options = parser.parse_args()
    entrants = {
        f"{folder} ({read_bundle(folder).manifest.precision}) {backend}": open_entrant(
            folder, backend, options.threads, options.batch
        )
        for folder in options.bundles
        for backend in sorted(options.backends, key=lambda name: name != "onnxruntime")
    }
    try:
        wall, processor = measure(list(entrants.values()), options.rounds)
    finally:
        for entrant in entrants.values():
            entrant.detector.close()
    told = f"{machine_name()}, batch {options.batch}, {options.rounds} rounds, medians"
    Console(soft_wrap=True).print(make_table(list(entrants), wall, processor, told))


class Entrant:
    """A detector and the batch that it runs."""

    def __init__(self, detector: Detector, images_nhwc: NDArray[np.uint8]) -> None:
        """Keep both."""
        self.detector = detector
        self.images_nhwc = images_nhwc


def open_entrant(folder: Path, backend: str, threads: int, batch: int) -> Entrant:
    """A bundle on a backend, with pictures for it."""
    bundle = read_bundle(folder)
    settings = ModelSettings.model_validate(
        {"bundle": folder, "backend": backend, "threads": threads}
    )
    golden = read_golden(bundle)
    shape = (batch, *bundle.input_hw, 3)
    pictures = (
        np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
        if golden is None
        else np.ascontiguousarray(np.resize(golden.images_nhwc, shape))
    )
    return Entrant(create_detector(bundle, settings, batch), pictures)


def measure(
    entrants: Sequence[Entrant], rounds: int
) -> tuple[list[list[float]], list[list[float]]]:
    """Seconds of each run by entrant: of the wall, and of all processors."""
    for entrant in entrants:
        for _ in range(_WARM_RUNS):
            entrant.detector.infer(entrant.images_nhwc)
    wall: list[list[float]] = [[] for _ in entrants]
    processor: list[list[float]] = [[] for _ in entrants]
    for _ in range(rounds):
        for number, entrant in enumerate(entrants):
            start_s, start_cpu_s = time.perf_counter(), time.process_time()
            entrant.detector.infer(entrant.images_nhwc)
            processor[number].append(time.process_time() - start_cpu_s)
            wall[number].append(time.perf_counter() - start_s)
    return wall, processor


def make_table(
    labels: Sequence[str],
    wall: Sequence[Sequence[float]],
    processor: Sequence[Sequence[float]],
    told: str,
) -> Table:
    """A row for each entrant, with how much faster it is than the first."""
    table = Table(title=told, title_justify="left")
    table.add_column("bundle and backend")
    for heading in ("wall ms", "times as fast", "processor ms", "times as fast"):
        table.add_column(heading, justify="right")
    first = statistics.median(wall[0]), statistics.median(processor[0])
    for label, wall_s, processor_s in zip(labels, wall, processor, strict=True):
        medians = statistics.median(wall_s), statistics.median(processor_s)
        cells = [
            cell
            for median, base in zip(medians, first, strict=True)
            for cell in (f"{1000 * median:.1f}", f"{base / median:.2f}")
        ]
        table.add_row(label, *cells)
    return table


if __name__ == "__main__":
    main()
