"""From the decoder to the broker at 70 % load: `python -m bench.latency`.

Raw, and less the time that a frame waited for the backend while it ran something else and the time
inside it: what is left is edgedet's own. Beside it, how late any program is woken meanwhile: the
machine's part in edgedet's. Cameras are test patterns of 720p, the load is a share of what the
whole pipeline does at full speed, measured just before in each round.
"""

import sys
from collections import Counter

from bench.broker import broker
from bench.lateness import lateness
from bench.live import Run, Seen, cameras_for, capacity_fps, parser, quantile, watch
from bench.rows import Rows

_CAPACITY_S = 10.0
_SHARES = {"p50": 0.5, "p99": 0.99}


def main() -> int:
    """Measure and print a table."""
    made = parser(__doc__)
    made.add_argument("--load", type=float, default=0.7, help="share of full speed (%(default)s)")
    options = made.parse_args()
    rows = Rows()
    with broker() as port:
        for _ in range(options.rounds):
            full = capacity_fps(options, _CAPACITY_S)
            cameras = cameras_for(options.load * full, options.clip)
            with lateness() as late_s:
                run = watch(options, cameras, None, port)
            rate = len(run.seen) / run.seconds
            spans_s = {**_own(run), "a program woken late": late_s}
            row = {
                "full speed, images/s": full,
                "load": rate / full,
                "answered in batches": _share_in_batches(run),
                **_quantiles_ms(spans_s),
            }
            rows.add(row, f"{len(cameras)} cameras, {run.lost} messages lost")
    rows.print(f"{options.backend}, {options.bundle}")
    return 0


def _sizes(run: Run) -> Counter[tuple[float, float]]:
    """Pictures of each batch, by when the backend began and ended."""
    return Counter((s.start_s, s.end_s) for s in run.seen)


def _own(run: Run) -> dict[str, list[float]]:
    sizes = _sizes(run)
    runs = sorted(sizes)
    own_s = [
        s.broker_s - s.arrival_s - (s.end_s - s.start_s) - _waited_s(s, runs) for s in run.seen
    ]
    is_single = [sizes[s.start_s, s.end_s] == 1 for s in run.seen]
    return {
        "decoder to broker": [s.broker_s - s.arrival_s for s in run.seen],
        "of that, edgedet's own": own_s,
        "own, single pictures": [
            own for own, single in zip(own_s, is_single, strict=True) if single
        ],
        "own, before the backend": [s.start_s - s.arrival_s - _waited_s(s, runs) for s in run.seen],
        "own, to the outlet": [s.handed_s - s.end_s for s in run.seen],
        "own, to the broker": [s.broker_s - s.handed_s for s in run.seen],
    }


def _share_in_batches(run: Run) -> float:
    return sum(size for size in _sizes(run).values() if size > 1) / max(1, len(run.seen))


def _quantiles_ms(spans_s: dict[str, list[float]]) -> dict[str, float]:
    return {
        f"{what}, {name} ms": 1000.0 * quantile(values, share)
        for what, values in spans_s.items()
        for name, share in _SHARES.items()
    }


def _waited_s(seen: Seen, runs: list[tuple[float, float]]) -> float:
    """How long the backend ran other batches between the frame's arrival and its own start."""
    return sum(
        max(0.0, min(end_s, seen.start_s) - max(start_s, seen.arrival_s))
        for start_s, end_s in runs
        if start_s < seen.start_s and end_s > seen.arrival_s
    )


if __name__ == "__main__":
    sys.exit(main())
