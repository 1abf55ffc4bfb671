"""Precision, recall and F1 against score, precision against recall, reliability, errors."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from train.evaluate.assessment import Assessment
from train.evaluate.curves import RECALL_STEPS, SCORE_STEPS
from train.evaluate.errors import ERROR_KINDS
from train.report.charts import (
    BLUE,
    COLOURS,
    GREY,
    INK,
    MANY_CLASSES,
    ORANGE,
    as_svg,
    chart_style,
    new_figure,
    share_axis,
)

_EVERY = 5  # of a thousand steps, more than there are pixels


def curves_chart(found: Assessment) -> str:
    """Four charts: precision against recall; F1, precision and recall against score."""
    curves = found.curves
    names = [found.class_names[number] for number in curves.classes.tolist()]
    with chart_style():
        figure = new_figure(10.9, 7)
        (pr, f1), (precision, recall) = figure.subplots(2, 2)
        aps = [f"{name}  {value:.3f}" for name, value in zip(names, _ap50(found), strict=True)]
        _lines(pr, RECALL_STEPS, curves.envelope, aps, f"mean  {found.coco.ap50() or 0:.3f}")
        pr.set_title("precision against recall, IoU 0.5 (AP@50 in the legend)")
        pr.set_xlabel("recall: share of the objects that are found")
        pr.set_ylabel("precision: share of the detections that are right")
        steps = SCORE_STEPS[::_EVERY]
        for axes, values, title in (
            (f1, curves.f1, "F1 against score threshold"),
            (precision, curves.precision, "precision against score threshold"),
            (recall, curves.recall, "recall against score threshold"),
        ):
            _lines(axes, steps, values[:, ::_EVERY], names, "mean")
            axes.axvline(found.best_score, color=GREY, linestyle=":", linewidth=1.2)
            axes.set_title(title)
            axes.set_xlabel("score threshold")
        words = f"best F1 at {found.best_score:.2f}"
        place = (found.best_score, 0.03)
        f1.annotate(words, place, (4, 0), textcoords="offset points", color=GREY)
        return as_svg(figure)


def _ap50(found: Assessment) -> list[float]:
    return [found.coco.ap50("all", number) or 0.0 for number in found.curves.classes.tolist()]


def _lines(
    axes: Axes,
    x: NDArray[np.float64],
    rows: NDArray[np.float64],
    names: Sequence[str],
    mean_name: str,
) -> None:
    """A line a class, and their mean if there are several; many classes are grey and unnamed."""
    many = len(rows) > MANY_CLASSES
    for number, (row, name) in enumerate(zip(rows, names, strict=True)):
        if many:
            axes.plot(x, row, color=GREY, linewidth=0.6, alpha=0.5)
        else:
            axes.plot(x, row, color=COLOURS[number % len(COLOURS)], label=name)
    if len(rows) > 1:
        label = f"{mean_name} ({len(rows)} classes in grey)" if many else mean_name
        axes.plot(x, rows.mean(axis=0), color=INK, linewidth=2.4, label=label)
    share_axis(axes, x=True)
    if len(rows):
        axes.legend(loc="best")


def calibration_chart(found: Assessment) -> str:
    """Reliability, and how many detections have which score."""
    bins = [one for one in found.calibration.bins if one.detections]
    with chart_style():
        figure = new_figure(10.9, 3.9)
        reliability, histogram = figure.subplots(1, 2)
        reliability.plot([0, 1], [0, 1], color=GREY, linestyle=":", label="a score kept its word")
        places = [(one.low + one.high) / 2 for one in bins]
        shares = [one.right for one in bins]
        reliability.bar(places, shares, width=0.09, color=BLUE, alpha=0.35, label="share right")
        scores = [one.score for one in bins]
        reliability.plot(scores, shares, "o-", color=BLUE, markersize=4, label="at the mean score")
        reliability.set_title("reliability: how often a detection of this score is right")
        reliability.set_xlabel("score")
        reliability.set_ylabel("share right (IoU >= 0.5)")
        share_axis(reliability, x=True)
        reliability.legend(loc="upper left")
        histogram.bar(places, [one.detections for one in bins], width=0.09, color=GREY)
        histogram.set_title("detections by score")
        histogram.set_xlabel("score")
        histogram.set_xlim(0, 1)
        return as_svg(figure)


def errors_chart(found: Assessment) -> str:
    """What each kind of mistake costs, the dearest on top."""
    errors = found.errors[::-1]
    with chart_style():
        figure = new_figure(10.9, 2.8)
        axes = figure.subplots()
        costs = [one.cost for one in errors]
        bars = axes.barh([one.kind for one in errors], costs, color=ORANGE)
        words = [f"{one.cost:.3f}   ({one.count} counted)" for one in errors]
        axes.bar_label(bars, words, padding=4, color=INK)
        axes.set_title("AP@50 that would come back if all mistakes of one kind were corrected")
        axes.set_xlim(0, max(*costs, 0.01) * 1.25)
        axes.grid(visible=False, axis="y")
        axes.tick_params(axis="y", labelcolor=INK)
        assert len(errors) == len(ERROR_KINDS)  # noqa: S101 - a kind left out would be our bug
        return as_svg(figure)
