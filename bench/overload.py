"""Five times more cameras than the detector can do: `python -m bench.overload`.

How old results were when they reached the broker, against the budget; what the detector did of what
it can do; and how evenly it was dealt out. Cameras are test patterns of 720p.
"""

import statistics
import sys
from collections import Counter

from bench.broker import broker
from bench.live import camera, capacity_fps, parser, quantile, watch
from bench.rows import Rows

_CAPACITY_S = 10.0
_CAMERAS = 4


def main() -> int:
    """Measure and print a table."""
    made = parser(__doc__)
    made.add_argument("--factor", type=float, default=5.0, help="of full speed (%(default)s)")
    made.add_argument("--budget", type=float, default=1000.0, help="milliseconds (%(default)s)")
    options = made.parse_args()
    rows = Rows()
    with broker() as port:
        for _ in range(options.rounds):
            full = capacity_fps(options, _CAPACITY_S)
            fps = max(1, round(options.factor * full / _CAMERAS))
            cameras = [camera(number, fps) for number in range(_CAMERAS)]
            run = watch(options, cameras, options.budget, port)
            ages_ms = [1000.0 * (s.broker_s - s.arrival_s) for s in run.seen]
            counts = Counter(s.source for s in run.seen)
            each = [counts[source.id] for source in cameras]
            row = {
                "full speed, images/s": full,
                "asked for, of full speed": _CAMERAS * fps / full,
                "answered, of full speed": len(run.seen) / run.seconds / full,
                "age at the broker, p50 ms": quantile(ages_ms, 0.5),
                "age at the broker, p99 ms": quantile(ages_ms, 0.99),
                "oldest, of the budget": max(ages_ms, default=0.0) / options.budget,
                "least served camera, of the mean": min(each) / max(statistics.mean(each), 1e-9),
                "answers withheld, % of all": 100.0 * run.stats.withheld / run.stats.frames,
            }
            rows.add(row, f"{_CAMERAS} cameras at {fps} images/s")
    rows.print(f"{options.backend}, {options.bundle}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
