"""The confusion matrix, readable for one class and for eighty."""

from dataclasses import dataclass

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes

from train.evaluate.confusion import ConfusionMatrix
from train.report.charts import GREY, INK, as_png, chart_style, new_figure

_FLAT_NAMES, _FLAT_LETTERS = 7, 12  # more or longer ones would meet, and are turned
_NO_SHARE = "#f1f3f5"
_MOST_WORDS = 16  # more rows than this have no room for numbers
_DARK = 0.55  # from this share on, numbers are white
_MIN_INCHES, _MAX_INCHES, _BAR_INCHES = 3.8, 10.0, 1.0


@dataclass(frozen=True, slots=True)
class Confusion:
    """`count` objects of class `true` were taken for `predicted`: `share` of all of that class.

    For detections on background there is no class that they could be a share of: None.
    """

    true: str
    predicted: str
    count: int
    share: float | None


def matrix_chart(matrix: ConfusionMatrix, class_names: tuple[str, ...]) -> str:
    """The matrix as an image address: colours are shares of a true class, numbers counts too."""
    counts = matrix.matrix
    side = len(counts)
    inches = _height(side)
    with chart_style():
        figure = new_figure(inches + _BAR_INCHES, inches)
        axes = figure.subplots()
        shares = matrix.normalized()
        shares[:, -1] = np.nan  # background is not a class: its column has no whole
        colours = mpl.colormaps["Blues"].with_extremes(bad=_NO_SHARE)
        image = axes.imshow(shares, cmap=colours, vmin=0, vmax=1, aspect="auto")
        bar = figure.colorbar(image, ax=axes, shrink=0.6, aspect=30)
        bar.set_label("share of the objects of that class")
        bar.outline.set_visible(False)
        if side <= _MOST_WORDS:
            _write_cells(axes, matrix)
        _label(axes, side, class_names)
        axes.set_title(
            f"score > {matrix.score_threshold}, IoU > {matrix.iou_threshold}", color=GREY
        )
        return as_png(figure)


def matrix_width_px(num_classes: int) -> int:
    """How wide the chart is in a page, so that its words are as large as those of the others."""
    return round((_height(num_classes + 1) + _BAR_INCHES) * 96)


def _height(side: int) -> float:
    return min(max(0.85 * side + 2.0, _MIN_INCHES), _MAX_INCHES)


def _write_cells(axes: Axes, matrix: ConfusionMatrix) -> None:
    shares, last = matrix.normalized(), len(matrix.matrix) - 1
    for (row, column), count in np.ndenumerate(matrix.matrix):
        if row == column == last:
            text = ""
        elif column == last or count == 0:
            text = str(count)
        else:
            text = f"{count}\n{shares[row, column]:.1%}"
        dark = column != last and shares[row, column] > _DARK
        axes.text(column, row, text, ha="center", va="center", color="white" if dark else INK)


def _label(axes: Axes, side: int, class_names: tuple[str, ...]) -> None:
    size = 9.0 if side <= _MOST_WORDS else max(420.0 / side, 4.5)
    places = list(range(side))
    axes.set_xticks(places, [*class_names, "background\n(nothing there)"], fontsize=size)
    axes.set_yticks(places, [*class_names, "missed"], fontsize=size)
    if side > _FLAT_NAMES or max(map(len, class_names)) > _FLAT_LETTERS:
        axes.tick_params(axis="x", rotation=90)
    axes.set_xlabel("what is there")
    axes.set_ylabel("what the model says")
    axes.grid(visible=False)


def worst_confusions(
    matrix: ConfusionMatrix, class_names: tuple[str, ...], most: int = 12
) -> list[Confusion]:
    """The cells off the diagonal with the highest counts."""
    counts, shares = matrix.matrix.copy(), matrix.normalized()
    np.fill_diagonal(counts, 0)
    rows, columns = [*class_names, "(missed)"], [*class_names, "(background)"]
    found = []
    for place in np.argsort(-counts, axis=None, kind="stable")[:most]:
        row, column = divmod(int(place), len(counts))
        count = int(counts[row, column])
        if count == 0:
            break
        share = None if column == len(counts) - 1 else float(shares[row, column])
        found.append(Confusion(columns[column], rows[row], count, share))
    return found
