"""How a run went, epoch by epoch: losses, AP, learning rate, speed."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from train.engine.run_folder import EpochResult
from train.report.charts import BLUE, GREEN, GREY, ORANGE, as_svg, chart_style, new_figure

_MARKED_EPOCHS = 40


def run_chart(rows: Sequence[EpochResult], best_epoch: int | None) -> str:
    """Four charts, as an image address. `best_epoch`, counted from 0, is marked in the AP's."""
    with chart_style():
        figure = new_figure(10.9, 5.6)
        (ap, losses), (rate, speed) = figure.subplots(2, 2)
        epochs = [row.epoch + 1 for row in rows]
        _ap(ap, rows, best_epoch)
        for name, colour in (("box", BLUE), ("obj", ORANGE), ("cls", GREEN)):
            _line(losses, epochs, [getattr(row, f"loss_{name}") for row in rows], name, colour)
        losses.set_title("training loss, by term")
        losses.set_ylim(bottom=0)
        _line(rate, epochs, [row.lr for row in rows], "", BLUE)
        rate.set_title("learning rate at the end of the epoch")
        rate.set_ylim(bottom=0)
        _line(speed, epochs, [row.images_per_s for row in rows], "", BLUE)
        speed.set_title("training speed, images/s")
        speed.set_ylim(bottom=0)
        for axes in (ap, losses, rate, speed):
            axes.set_xlabel("epoch")
            axes.set_xlim(0.5, len(rows) + 0.5)
            axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        losses.legend(title="")
        return as_svg(figure)


def _ap(axes: Axes, rows: Sequence[EpochResult], best_epoch: int | None) -> None:
    scored = [row for row in rows if row.ap is not None]
    epochs = [row.epoch + 1 for row in scored]
    _line(axes, epochs, [row.ap50 or 0.0 for row in scored], "AP@50", BLUE)
    _line(axes, epochs, [row.ap or 0.0 for row in scored], "AP@50:95", ORANGE)
    if best_epoch is not None:
        axes.axvline(best_epoch + 1, color=GREY, linestyle=":", linewidth=1.2)
        late = best_epoch > len(rows) / 2
        axes.annotate(
            f"best.pt: epoch {best_epoch + 1}",
            (best_epoch + 1, 0.03),
            (-4 if late else 4, 0),
            textcoords="offset points",
            color=GREY,
            ha="right" if late else "left",
        )
    axes.set_title("AP on val")
    axes.set_ylim(0, 1)
    axes.legend()


def _line(
    axes: Axes, epochs: Sequence[int], values: Sequence[float], name: str, colour: str
) -> None:
    marker = "o" if len(epochs) <= _MARKED_EPOCHS else ""
    axes.plot(epochs, values, marker=marker, markersize=3, color=colour, label=name)
