"""Zones and lines as geometry. Points are (x, y) with y downward, in any unit."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Point = tuple[float, float]


def contains(polygon: NDArray[np.float64], points: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which of the points (N, 2) lie in the polygon (K, 2), whose last point joins the first.

    By the even-odd rule. Of polygons that share an edge, a point on it is in exactly one.

    >>> square = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
    >>> contains(square, np.array([[0.5, 0.5], [1.5, 0.5]])).tolist()
    [True, False]
    """
    x, y = points[:, 0][:, None], points[:, 1][:, None]
    ends = np.roll(polygon, -1, axis=0)
    x1, y1, x2, y2 = polygon[:, 0], polygon[:, 1], ends[:, 0], ends[:, 1]
    spans = (y1 <= y) != (y2 <= y)
    # a horizontal edge spans no height, and is divided by 1 for nothing
    rise = np.where(y1 == y2, 1.0, y2 - y1)
    is_right = x < x1 + (y - y1) * (x2 - x1) / rise
    return np.asarray(np.count_nonzero(spans & is_right, axis=1) % 2 == 1)


def polygon_area(points: Sequence[Point]) -> float:
    """The area of a polygon, whichever way round its points go.

    >>> polygon_area([(0.0, 0.0), (2.0, 0.0), (2.0, 1.0), (0.0, 1.0)])
    2.0
    """
    twice = sum(
        ax * by - bx * ay for (ax, ay), (bx, by) in zip(points, _turned(points), strict=True)
    )
    return abs(twice) / 2


def crossing_edges(points: Sequence[Point]) -> tuple[int, int] | None:
    """Two edges of a polygon that touch where they should not, by number; None if it is simple.

    Edge i goes from point i to the next. Neighbours share their point and nothing else.

    >>> crossing_edges([(0.0, 0.0), (1.0, 1.0), (1.0, 0.0), (0.0, 1.0)])
    (0, 2)
    >>> crossing_edges([(0.0, 0.0), (1.0, 0.0), (1.0, 1.0)]) is None
    True
    """
    edges = list(zip(points, _turned(points), strict=True))
    count = len(edges)
    for first in range(count):
        for second in range(first + 1, count):
            if second == first + 1:
                is_bad = _folds_back(points[first], *edges[second])
            elif first == 0 and second == count - 1:
                is_bad = _folds_back(points[second], *edges[first])
            else:
                is_bad = segments_touch(*edges[first], *edges[second])
            if is_bad:
                return first, second
    return None


def side_of(line: tuple[Point, Point], point: Point) -> float:
    """Above 0 right of a line, seen from its first point to its second; below 0 left; 0 on it.

    >>> side_of(((0.0, 0.0), (1.0, 0.0)), (0.5, 0.2))
    0.2
    """
    (ax, ay), (bx, by) = line
    return (bx - ax) * (point[1] - ay) - (by - ay) * (point[0] - ax)


def segments_touch(a: Point, b: Point, c: Point, d: Point) -> bool:
    """Whether the segments ab and cd have a point in common, an end included.

    >>> segments_touch((0.0, 0.0), (1.0, 1.0), (0.0, 1.0), (1.0, 0.0))
    True
    >>> segments_touch((0.0, 0.0), (1.0, 1.0), (0.0, 1.0), (0.4, 0.6))
    False
    """
    if _boxes_are_apart(a, b, c, d):
        return False
    sides = side_of((a, b), c), side_of((a, b), d), side_of((c, d), a), side_of((c, d), b)
    return sides[0] * sides[1] <= 0.0 and sides[2] * sides[3] <= 0.0


def _boxes_are_apart(a: Point, b: Point, c: Point, d: Point) -> bool:
    """Whether some axis tells the two segments apart."""
    return any(
        max(a[axis], b[axis]) < min(c[axis], d[axis])
        or max(c[axis], d[axis]) < min(a[axis], b[axis])
        for axis in (0, 1)
    )


def _folds_back(before: Point, corner: Point, after: Point) -> bool:
    """Whether the path turns round on itself at `corner`, or stands still."""
    to_x, to_y = corner[0] - before[0], corner[1] - before[1]
    from_x, from_y = after[0] - corner[0], after[1] - corner[1]
    is_straight = to_x * from_y == to_y * from_x
    return is_straight and to_x * from_x + to_y * from_y <= 0.0


def _turned(points: Sequence[Point]) -> list[Point]:
    """The points, the first one last."""
    return [*points[1:], *points[:1]]
