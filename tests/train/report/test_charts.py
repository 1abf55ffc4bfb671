import base64
from collections.abc import Callable

import cv2
import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.artist import Artist
from matplotlib.backend_bases import RendererBase
from matplotlib.figure import Figure

from train.report.charts import as_png, as_svg, chart_style, jpeg_address, new_figure, share_axis


class Counted(Artist):
    """Counts how often it is drawn."""

    def __init__(self) -> None:
        super().__init__()
        self.times = 0

    def draw(self, renderer: RendererBase) -> None:
        super().draw(renderer)
        self.times += 1


def test_a_chart_is_the_same_every_time() -> None:
    def chart() -> str:
        with chart_style():
            figure = new_figure(3, 2)
            figure.subplots().plot([0, 1], [0, 1])
            return as_svg(figure)

    kind, _, data = chart().partition(",")

    assert kind == "data:image/svg+xml;base64"
    assert b"<svg" in base64.b64decode(data)
    assert chart() == chart()


def test_a_png_can_be_read() -> None:
    figure = new_figure(3, 2)
    axes = figure.subplots()
    share_axis(axes, x=True)
    data = base64.b64decode(as_png(figure, dpi=50).partition(",")[2])
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)

    assert image is not None
    assert image.shape == (100, 150, 3)
    assert axes.get_xlim() == (0, 1)


@pytest.mark.parametrize("write", [as_svg, as_png])
def test_a_chart_is_laid_out_and_drawn_only_once(write: Callable[[Figure], str]) -> None:
    figure, counted = new_figure(3, 2), Counted()
    figure.add_artist(counted)
    axes = figure.subplots()
    before = axes.get_position().bounds
    write(figure)

    assert counted.times == 1
    assert axes.get_position().bounds != before


def test_the_look_is_ours_only_inside() -> None:
    before = mpl.rcParams["axes.grid"]
    with chart_style():
        assert mpl.rcParams["axes.grid"] is True
    assert mpl.rcParams["axes.grid"] == before


def test_a_jpeg_is_passed_on() -> None:
    assert jpeg_address(b"abc") == "data:image/jpeg;base64,YWJj"
