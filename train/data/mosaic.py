"""Pictures laid side by side on a canvas, and the canvas drawn into the network's input.

Nothing is drawn that will not be seen: as long as a warp keeps rows and columns, each tile is
resized from its own picture straight into its place in the output, which costs a quarter of
building the canvas and warping that.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from edgedet.vision import PAD_VALUE, Letterbox
from train.data.boxes import Rectangle, clip, survives
from train.data.geometry import Warp, warp
from train.data.picture import Picture


@dataclass(frozen=True, slots=True)
class Tile:
    """A picture on a canvas: its top left corner, its scale, and the part of it that is seen."""

    picture: Picture
    left: int
    top: int
    scale_xy: tuple[float, float]
    seen: Rectangle


@dataclass(frozen=True, slots=True)
class Collage:
    """A canvas of `size_hw` pixels with tiles that do not overlap; grey (114) between them."""

    tiles: tuple[Tile, ...]
    size_hw: tuple[int, int]


def lay_one(picture: Picture, side_hw: tuple[int, int]) -> Collage:
    """One picture, letterboxed as on the device."""
    box = Letterbox.fit(picture.size_hw, side_hw)
    height, width = box.content_hw
    seen = (box.left, box.top, box.left + width, box.top + height)
    return Collage((Tile(picture, box.left, box.top, box.scale_xy, seen),), side_hw)


def lay_four(pictures: Sequence[Picture], side_hw: tuple[int, int], rng: Generator) -> Collage:
    """Four pictures with a corner each at a point in the middle half of a canvas of twice the side.

    Source: the description of the original's four-tile mosaic.
    """
    height, width = side_hw
    canvas_hw = (2 * height, 2 * width)
    x = int(rng.uniform(width / 2, 3 * width / 2))
    y = int(rng.uniform(height / 2, 3 * height / 2))
    columns, rows = (0, x, 2 * width), (0, y, 2 * height)
    tiles = [
        _place(picture, side_hw, canvas_hw, _cell(columns, rows, number % 2, number // 2))
        for number, picture in enumerate(pictures)
    ]
    return Collage(tuple(tile for tile in tiles if tile is not None), canvas_hw)


def lay_nine(pictures: Sequence[Picture], side_hw: tuple[int, int], rng: Generator) -> Collage:
    """Eight pictures around the first, seen through a window of twice the side somewhere in it.

    Source: the description of the original's nine-tile mosaic.
    """
    height, width = side_hw
    canvas_hw = (2 * height, 2 * width)
    inner_h, inner_w = Letterbox.fit(pictures[0].size_hw, side_hw).content_hw
    off_x, off_y = int(rng.integers(width + 1)), int(rng.integers(height + 1))
    columns = (-off_x, width - off_x, width + inner_w - off_x, 3 * width - off_x)
    rows = (-off_y, height - off_y, height + inner_h - off_y, 3 * height - off_y)
    places = [(1, 1), *((x, y) for y in range(3) for x in range(3) if (x, y) != (1, 1))]
    tiles = [
        _place(picture, side_hw, canvas_hw, _cell(columns, rows, *place))
        for picture, place in zip(pictures, places, strict=True)
    ]
    return Collage(tuple(tile for tile in tiles if tile is not None), canvas_hw)


def draw(collage: Collage, how: Warp, out_hw: tuple[int, int]) -> Picture:
    """What `how` makes of a collage, in a new picture of `out_hw`."""
    if how.is_upright:
        return _draw_upright(collage, how, out_hw)
    whole = _draw_upright(collage, Warp(np.eye(3)), collage.size_hw)
    return warp(whole, how, out_hw)


@dataclass(frozen=True, slots=True)
class _Cell:
    """A field of the canvas, and at which of its corners the tile lies."""

    area: Rectangle
    is_right: bool
    is_bottom: bool


def _cell(columns: tuple[int, ...], rows: tuple[int, ...], x: int, y: int) -> _Cell:
    """Tiles touch the inner edges of their cells: the first of a row the right one."""
    area = (columns[x], rows[y], columns[x + 1], rows[y + 1])
    return _Cell(area, is_right=x == 0, is_bottom=y == 0)


def _place(
    picture: Picture, side_hw: tuple[int, int], canvas_hw: tuple[int, int], cell: _Cell
) -> Tile | None:
    """The picture fitted into `side_hw` and laid into its cell; None if nothing of it is seen."""
    box = Letterbox.fit(picture.size_hw, side_hw)
    height, width = box.content_hw
    x1, y1, x2, y2 = cell.area
    left = x2 - width if cell.is_right else x1
    top = y2 - height if cell.is_bottom else y1
    seen = (
        max(left, x1, 0),
        max(top, y1, 0),
        min(left + width, x2, canvas_hw[1]),
        min(top + height, y2, canvas_hw[0]),
    )
    if seen[0] >= seen[2] or seen[1] >= seen[3]:
        return None
    return Tile(picture, left, top, box.scale_xy, seen)


def _draw_upright(collage: Collage, how: Warp, out_hw: tuple[int, int]) -> Picture:
    image = np.full((*out_hw, 3), PAD_VALUE, dtype=np.uint8)
    boxes = [np.zeros((0, 4), dtype=np.float32)]
    class_ids = [np.zeros(0, dtype=np.int64)]
    for tile in collage.tiles:
        x = _Span.fit(tile, how, 0, out_hw[1])
        y = _Span.fit(tile, how, 1, out_hw[0])
        if x is None or y is None:
            continue
        place = image[y.to[0] : y.to[1], x.to[0] : x.to[1]]
        source = tile.picture.image_hwc[y.of[0] : y.of[1], x.of[0] : x.of[1]]
        if source.shape == place.shape:
            place[:] = source
        else:
            cv2.resize(source, (place.shape[1], place.shape[0]), dst=place)
        if len(tile.picture.boxes_xyxy):
            kept, keep = _move_boxes(tile, how, x, y)
            boxes.append(kept)
            class_ids.append(tile.picture.class_ids[keep])
    return Picture(image, np.concatenate(boxes), np.concatenate(class_ids))


@dataclass(frozen=True, slots=True)
class _Span:
    """Along one axis: which pixels `of` a tile's picture fill which pixels `to` of the output."""

    of: tuple[int, int]
    to: tuple[int, int]

    @classmethod
    def fit(cls, tile: Tile, how: Warp, axis: int, limit: int) -> "_Span | None":
        """Whole pixels on both sides, so that resizing needs no part of one; None if unseen.

        This moves the picture by half a pixel at most, and the boxes with it.
        """
        scale, shift = how.matrix[axis, axis], how.matrix[axis, 2]
        start = max(round(tile.seen[axis] * scale + shift), 0)
        end = min(round(tile.seen[axis + 2] * scale + shift), limit)
        if start >= end:
            return None
        corner = (tile.left, tile.top)[axis]
        length = tile.picture.image_hwc.shape[1 - axis]
        first, last = (
            round(float(((edge - shift) / scale - corner) / tile.scale_xy[axis]))
            for edge in (start, end)
        )
        first = min(max(first, 0), length - 1)
        return cls((first, min(max(last, first + 1), length)), (start, end))

    def move(self, points: NDArray[np.float32]) -> NDArray[np.float32]:
        """Where positions in the picture lie in the output."""
        scale = (self.to[1] - self.to[0]) / (self.of[1] - self.of[0])
        return np.asarray((points - self.of[0]) * scale + self.to[0], dtype=np.float32)


def _move_boxes(
    tile: Tile, how: Warp, x: _Span, y: _Span
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """The boxes that are left (k, 4), in the output, and which of the tile's (n,) these are."""
    whole = tile.picture.boxes_xyxy
    scale = np.array(tile.scale_xy * 2, dtype=np.float32)
    corner = np.array((tile.left, tile.top) * 2, dtype=np.float32)
    on_canvas = whole * scale + corner
    seen = clip(on_canvas, tile.seen)
    moved = np.empty_like(whole)
    moved[:, 0::2] = x.move(whole[:, 0::2])
    moved[:, 1::2] = y.move(whole[:, 1::2])
    inside = clip(moved, (x.to[0], y.to[0], x.to[1], y.to[1]))
    keep = survives(on_canvas, seen) & survives(seen, inside, how.scale)
    return inside[keep], keep
