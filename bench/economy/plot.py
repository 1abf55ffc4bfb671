"""The picture and the table of an experiment, from its finished rounds.

    python -m bench.economy.plot --rounds runs/economy/rounds.jsonl --out docs/active-learning.svg

Draws, for each way, the mean over the seeds that all ways have, with its spread from the worst to
the best seed; prints the table of docs/active-learning.md, and by how much a way is better than
chance on the same seeds, with an interval that resamples the seeds.
"""

import argparse
import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.economy.plan import START_WAY, Round, read_rounds
from bench.economy.ways import CHANCE
from train.report.charts import COLOURS, MUTED, chart_style, new_figure

_RESAMPLED = 10_000


@dataclass(frozen=True, slots=True)
class Curve:
    """A way's rounds: `labels` (B,), the mean over seeds of those spent; `ap`, `objects` (B, S)."""

    way: str
    labels: NDArray[np.float64]
    ap: NDArray[np.float64]
    objects: NDArray[np.float64]


def main() -> int:
    """Write the picture, print the tables."""
    options = _parser().parse_args()
    curves = curves_of(read_rounds(options.rounds))
    draw(curves, options.out)
    print("\n".join(table(curves)))
    return 0


def curves_of(rounds: Sequence[Round]) -> list[Curve]:
    """A curve for each way, over the seeds whose rounds are finished for all ways; chance first.

    A way that has fewer budgets than chance is left out.
    """
    of: dict[str, dict[int, dict[int, Round]]] = defaultdict(lambda: defaultdict(dict))
    for each in rounds:
        of[each.way][each.seed][each.budget] = each
    starts = of.pop(START_WAY)
    budgets = sorted({budget for done in of[CHANCE].values() for budget in done})
    whole = {
        way: {seed for seed, done in seeds.items() if set(budgets) <= set(done)}
        for way, seeds in of.items()
    }
    seeds = sorted(set.intersection(*(found for found in whole.values() if found)))
    curves = []
    for way in sorted((w for w in whole if whole[w]), key=lambda name: name != CHANCE):
        points = [
            [next(iter(starts[s].values())), *(of[way][s][b] for b in budgets)] for s in seeds
        ]
        curves.append(
            Curve(
                way,
                np.mean([[len(p.frames) for p in line] for line in points], axis=0),
                np.array([[p.ap for p in line] for line in points]).T,
                np.array([[float(p.objects) for p in line] for line in points]).T,
            )
        )
    return curves


def draw(curves: Sequence[Curve], path: Path) -> None:
    """AP against labels, a line a way and a bar from worst to best seed, as SVG."""
    with chart_style():
        figure = new_figure(7.0, 4.2)
        axes = figure.add_subplot()
        for number, curve in enumerate(curves):
            colour = MUTED if curve.way == CHANCE else COLOURS[number % len(COLOURS)]
            mean = curve.ap.mean(axis=1)
            ends = np.stack([mean - curve.ap.min(axis=1), curve.ap.max(axis=1) - mean])
            # bars of several ways at one budget side by side
            at = curve.labels * (1 + 0.012 * (number - (len(curves) - 1) / 2))
            style = "--" if curve.way == CHANCE else "-"
            axes.errorbar(
                at,
                mean,
                yerr=ends,
                color=colour,
                capsize=2,
                elinewidth=0.8,
                marker="o",
                markersize=3.5,
                linestyle=style,
                label=curve.way,
            )
        axes.set_xscale("log", base=2)
        ticks = sorted({round(float(n)) for n in curves[0].labels})
        axes.set_xticks(ticks, labels=[str(n) for n in ticks])
        axes.set_xlabel("frames labelled")
        seeds = curves[0].ap.shape[1]
        axes.set_ylabel("AP@50:95 on frames 501 to 600")
        axes.set_title(f"Mean of {seeds} seeds; bars from the worst to the best")
        axes.legend(loc="lower right")
        figure.savefig(path, format="svg", metadata={"Date": None})


def table(curves: Sequence[Curve]) -> list[str]:
    """The rows of a Markdown table: mean (worst to best) at each budget, and against chance."""
    chance = curves[0]
    heads = [f"{n:.0f} labels" for n in chance.labels]
    rows = ["| way | " + " | ".join(heads) + " |", "|---" * (len(heads) + 1) + "|"]
    for curve in curves:
        cells = []
        for spent, usual, ap in zip(curve.labels, chance.labels, curve.ap, strict=True):
            count = "" if round(spent) == round(usual) else f", {spent:.0f} labels"
            cells.append(f"{ap.mean():.3f} ({ap.min():.3f} to {ap.max():.3f}{count})")
        rows.append(f"| `{curve.way}` | " + " | ".join(cells) + " |")
    rows += ["", "better than chance, mean of pairs and 95 % of resampled means:"]
    for curve in curves[1:]:
        apart = curve.ap - chance.ap
        told = [
            f"{row.mean():+.3f} [{low:+.3f}, {high:+.3f}]"
            for row in apart[1:]
            for low, high in [_interval(row)]
        ]
        boxes = curve.objects.mean(axis=1) / chance.objects.mean(axis=1)
        rows.append(f"{curve.way}: " + "; ".join(told) + f"; boxes x {boxes[-1]:.2f}")
    return rows


def _interval(values: NDArray[np.float64]) -> tuple[float, float]:
    """95 % of the means of resampled values."""
    rng = np.random.default_rng(0)
    means = rng.choice(values, (_RESAMPLED, len(values))).mean(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench.economy.plot",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--rounds", type=Path, required=True, help="rounds.jsonl")
    parser.add_argument("--out", type=Path, required=True, help="the picture, an SVG")
    return parser


if __name__ == "__main__":
    sys.exit(main())
