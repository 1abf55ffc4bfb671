"""The batcher on paper time, the same on every machine: `python -m bench.paper`.

Cameras of 25 images/s before a backend of a fixed cost, twenty seconds each; see
`tests/stream/simulation.py`. What it cannot show is what a real machine adds.
"""

import sys
from collections.abc import Callable

from rich.console import Console
from rich.table import Table

from bench.live import quantile
from tests.stream.simulation import Camera, Simulation, steady

_SECONDS = 20.0
_SETTLED_S = 5.0
_FPS = 25.0


def main() -> int:
    """Simulate, and print a table."""
    four = [steady(_FPS, _SECONDS, n / 4) for n in range(4)]
    ranked = [steady(_FPS, _SECONDS, n / 4, priority=n + 1.0) for n in range(4)]
    file = Camera(tuple(float(n) for n in range(1000)), is_lossless=True)
    table = Table(title="milliseconds and images/s", title_justify="left")
    table.add_column("what")
    for heading in ("waits p50", "p99", "oldest result", "images/s of each", "skipped %"):
        table.add_column(heading, justify="right")
    for what, cameras, cost_s in (
        ("70 % load", four, _each(0.007)),
        ("99 % load", four, _each(0.0099)),
        ("5 times too slow", four, _each(0.05)),
        ("the same, priorities 1 to 4", ranked, _each(0.05)),
        ("5 times too slow, batches pay", four, lambda size: 0.1 + 0.025 * size),
        ("one camera, 5 times too slow", four[:1], _each(0.2)),
        ("one camera beside a file", [four[0], file], _each(0.04)),
    ):
        table.add_row(what, *_row(Simulation(cameras, cost_s).run(_SECONDS)))
    Console(soft_wrap=True).print(table)
    return 0


def _each(picture_s: float) -> Callable[[int], float]:
    return lambda size: picture_s * size


def _row(simulation: Simulation) -> list[str]:
    live = {i.source_id for i in simulation.inlets if not i.is_lossless}
    answers = [a for a in simulation.answers if a.name in live]
    waits_ms = [1000.0 * (a.start_s - a.arrival_s) for a in answers]
    counts = simulation.counts(_SETTLED_S)
    rates = " ".join(f"{count / (_SECONDS - _SETTLED_S):.1f}" for count in counts.values())
    came = sum(i.channel.accepted for i in simulation.inlets if not i.is_lossless)
    return [
        f"{quantile(waits_ms, 0.5):.0f}",
        f"{quantile(waits_ms, 0.99):.0f}",
        f"{1000.0 * max(a.age_s for a in answers):.0f}",
        rates,
        f"{100.0 * (1.0 - len(answers) / came):.0f}",
    ]


if __name__ == "__main__":
    sys.exit(main())
