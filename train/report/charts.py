"""How every chart of a report looks, and how it gets into the page."""

import base64
import io
from collections.abc import Iterator
from contextlib import contextmanager

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

INK, MUTED, GRID = "#1c2530", "#66717f", "#dde3ea"
BLUE, ORANGE, GREEN, RED, PURPLE, GREY = (
    "#2563a8",
    "#d9741a",
    "#2f8f4e",
    "#c23b3b",
    "#7a55a3",
    "#8a94a0",
)
COLOURS = (BLUE, ORANGE, GREEN, RED, PURPLE, "#1d9aa8", "#b8578e", "#80603c", "#98992a", GREY)
MANY_CLASSES = 10
"""Beyond so many, lines of single classes are grey and only their mean is named."""

_STYLE: dict[str, object] = {
    "font.size": 9.0,
    "axes.titlesize": 10.0,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.edgecolor": GRID,
    "axes.labelcolor": MUTED,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "text.color": INK,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "legend.frameon": False,
    "legend.fontsize": 8.0,
    "lines.linewidth": 1.6,
    "svg.fonttype": "none",
    "svg.hashsalt": "edgedet",
}


@contextmanager
def chart_style() -> Iterator[None]:
    """The look of our charts for all that is drawn inside; matplotlib's settings are put back."""
    with mpl.rc_context(_STYLE):  # type: ignore[arg-type]  # it wants a name for each key
        yield


def new_figure(width: float, height: float) -> Figure:
    """An empty figure of so many inches, without a window."""
    return Figure(figsize=(width, height), layout="constrained")


def as_svg(figure: Figure) -> str:
    """The figure as a `data:` address of an SVG; for lines and words."""
    out = io.StringIO()
    # not savefig: for its layout it draws everything once more, which is most of a report's time
    FigureCanvasSVG(figure).print_svg(  # type: ignore[no-untyped-call]
        out, metadata={"Date": None}
    )
    return _address("image/svg+xml", out.getvalue().encode("utf-8"))


def as_png(figure: Figure, dpi: int = 144) -> str:
    """The figure as a `data:` address of a PNG; for whatever has thousands of parts."""
    out = io.BytesIO()
    figure.set_dpi(dpi)
    FigureCanvasAgg(figure).print_png(  # type: ignore[no-untyped-call]
        out, metadata={"Software": None}
    )
    return _address("image/png", out.getvalue())


def jpeg_address(data: bytes) -> str:
    """A JPEG as a `data:` address."""
    return _address("image/jpeg", data)


def share_axis(axes: Axes, *, x: bool = False) -> None:
    """Let the y axis, and with `x` the x axis too, run from 0 to 1."""
    axes.set_ylim(0, 1.02)
    if x:
        axes.set_xlim(0, 1)


def _address(kind: str, data: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}"
