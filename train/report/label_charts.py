"""What a data set holds: classes, sizes of boxes against the anchors, where objects are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray
from PIL import Image

from train.model.head import AnchorsPx
from train.report.charts import BLUE, COLOURS, GREY, as_png, chart_style, new_figure

MOST_PICTURES = 2000
"""Of so many pictures of a split the sizes are read; they stand for the others."""

_MOST_CLASSES = 30
_CELLS = 32
_TURNED = frozenset({5, 6, 7, 8})  # EXIF orientations that swap width and height
_ORIENTATION = 0x0112


class LabelledPicture(Protocol):
    """A picture with its labels; `train.data.dataset.Sample` is one."""

    @property
    def path(self) -> Path:
        """The picture's file."""
        ...

    @property
    def labels(self) -> NDArray[np.float32]:
        """Labels (n, 5): class id, cx, cy, w, h as shares of the picture."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class LabelStatistics:
    """The labels of a split.

    `by_class` int64 (nc,); `centres` float32 (N, 2) as shares of the picture; `sizes_px` float32
    (M, 2): width and height in pixels of the network's input, of the pictures that were looked at.
    """

    pictures: int
    empty: int
    by_class: NDArray[np.int64]
    centres: NDArray[np.float32]
    sizes_px: NDArray[np.float32]

    @property
    def objects(self) -> int:
        """All labels."""
        return int(self.by_class.sum())


def label_statistics(
    samples: Sequence[LabelledPicture], num_classes: int, image_size: int
) -> LabelStatistics:
    """Count the labels of a split, and measure their boxes as the network would see them."""
    rows = np.concatenate([one.labels for one in samples])
    chosen = samples[:: max(-(-len(samples) // MOST_PICTURES), 1)]
    sizes = [
        one.labels[:, 3:] * _content(one.path, image_size) for one in chosen if len(one.labels)
    ]
    return LabelStatistics(
        pictures=len(samples),
        empty=sum(not len(one.labels) for one in samples),
        by_class=np.bincount(rows[:, 0].astype(np.int64), minlength=num_classes),
        centres=rows[:, 1:3],
        sizes_px=np.concatenate([*sizes, np.empty((0, 2), np.float32)]).astype(np.float32),
    )


def _content(path: Path, image_size: int) -> NDArray[np.float32]:
    """Width and height that a picture has in the letterbox; only the head of its file is read."""
    with Image.open(path) as picture:
        width, height = picture.size
        if picture.getexif().get(_ORIENTATION) in _TURNED:
            width, height = height, width
    ratio = image_size / max(width, height)
    return np.array([width * ratio, height * ratio], dtype=np.float32)


def labels_chart(
    splits: Mapping[str, LabelStatistics], class_names: Sequence[str], anchors_px: AnchorsPx
) -> str:
    """A row for each split: objects by class, sizes with the anchors, centres."""
    with chart_style():
        classes = min(len(class_names), _MOST_CLASSES)
        height = max(3.3, 0.17 * classes + 1.2)
        figure = new_figure(10.9, height * len(splits))
        grid = figure.subplots(len(splits), 3, squeeze=False)
        for (counts, sizes, centres), (split, found) in zip(grid, splits.items(), strict=True):
            _classes(counts, found, class_names)
            counts.set_title(f"{split}: objects by class")
            _sizes(sizes, found, anchors_px)
            sizes.set_title(f"{split}: box sizes and anchors")
            _centres(centres, found)
            centres.set_title(f"{split}: where objects are")
        return as_png(figure)


def _classes(axes: Axes, found: LabelStatistics, class_names: Sequence[str]) -> None:
    order = np.argsort(-found.by_class, kind="stable")[:_MOST_CLASSES][::-1]
    names = [class_names[number] for number in order.tolist()]
    bars = axes.barh(range(len(names)), found.by_class[order].tolist(), color=BLUE)
    axes.bar_label(bars, padding=3, fontsize=7)
    axes.set_yticks(range(len(names)), names)
    axes.set_xlim(0, max(int(found.by_class.max()), 1) * 1.2)
    if len(names) == 1:
        axes.set_ylim(-1.5, 1.5)
    left_out = len(class_names) - len(names)
    axes.set_xlabel("objects" + (f" ({left_out} rarer classes left out)" if left_out else ""))
    axes.grid(visible=False, axis="y")


def _sizes(axes: Axes, found: LabelStatistics, anchors_px: AnchorsPx) -> None:
    width, height = np.maximum(found.sizes_px, 0.5).T
    axes.scatter(width, height, s=4, color=GREY, alpha=0.4, linewidths=0, rasterized=True)
    for level, anchors in enumerate(anchors_px):
        x, y = zip(*anchors, strict=True)
        colour = COLOURS[(level + 1) % len(COLOURS)]
        axes.scatter(x, y, s=45, marker="x", color=colour, label=f"anchors of level {level + 1}")
    axes.set_xscale("log", base=2)
    axes.set_yscale("log", base=2)
    axes.xaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_major_formatter("{x:g}")
    axes.set_xlabel("width, pixels of the input")
    axes.set_ylabel("height")
    axes.legend(loc="upper left", handletextpad=0.2)


def _centres(axes: Axes, found: LabelStatistics) -> None:
    counts, _, _ = np.histogram2d(
        found.centres[:, 1], found.centres[:, 0], bins=_CELLS, range=((0, 1), (0, 1))
    )
    axes.imshow(np.sqrt(counts), cmap="Blues", extent=(0, 1, 1, 0), aspect="auto")
    axes.set_xlabel("x, share of the width (darker: more)")
    axes.set_ylabel("y, share of the height")
    axes.grid(visible=False)
