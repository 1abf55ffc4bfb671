"""Geometry of zones and lines, against the definition and against OpenCV."""

import cv2
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from edgedet.vision.polygons import (
    Point,
    contains,
    crossing_edges,
    polygon_area,
    segments_touch,
    side_of,
)

PARTS = st.integers(0, 40).map(lambda n: n / 40)
POINTS = st.tuples(PARTS, PARTS)
SQUARE = [(0.2, 0.2), (0.6, 0.2), (0.6, 0.6), (0.2, 0.6)]


@given(st.lists(POINTS, min_size=3, max_size=7, unique=True), POINTS)
def test_a_point_is_inside_when_opencv_says_so(polygon: list[Point], point: Point) -> None:
    assume(crossing_edges(polygon) is None)
    contour = np.array(polygon, np.float32).reshape(-1, 1, 2) * 40
    verdict = cv2.pointPolygonTest(contour, (point[0] * 40, point[1] * 40), measureDist=True)
    assume(abs(verdict) > 1e-3)  # on an edge either is right

    inside = contains(np.array(polygon), np.array([point]))

    assert inside.tolist() == [verdict > 0]


@given(POINTS)
def test_zones_that_share_an_edge_share_no_point(point: Point) -> None:
    middle = 0.5
    left = np.array([(-1.0, -1.0), (middle, -1.0), (middle, 2.0), (-1.0, 2.0)])
    right = np.array([(middle, -1.0), (2.0, -1.0), (2.0, 2.0), (middle, 2.0)])

    found = [bool(contains(zone, np.array([point]))[0]) for zone in (left, right)]

    assert sorted(found) == [False, True]


@given(st.lists(POINTS, min_size=3, max_size=6, unique=True), st.integers(0, 5))
def test_a_polygon_is_the_same_from_every_point_on(polygon: list[Point], turn: int) -> None:
    turned = polygon[turn % len(polygon) :] + polygon[: turn % len(polygon)]

    assert (crossing_edges(polygon) is None) == (crossing_edges(turned) is None)
    assert (crossing_edges(polygon) is None) == (crossing_edges(polygon[::-1]) is None)
    assert polygon_area(turned) == pytest.approx(polygon_area(polygon), abs=1e-12)


@pytest.mark.parametrize(
    "polygon",
    [
        [(0.0, 0.0), (1.0, 1.0), (1.0, 0.0), (0.0, 1.0)],  # a bow tie
        [(0.0, 0.0), (1.0, 0.0), (0.5, 0.0), (0.5, 1.0)],  # back on itself
        [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.5, 0.0), (0.0, 1.0)],  # a point on an edge
    ],
)
def test_a_polygon_that_meets_itself_is_found_out(polygon: list[Point]) -> None:
    assert crossing_edges(polygon) is not None


@given(POINTS, POINTS, POINTS, POINTS)
def test_touching_is_mutual(a: Point, b: Point, c: Point, d: Point) -> None:
    touch = segments_touch(a, b, c, d)

    assert touch == segments_touch(c, d, a, b) == segments_touch(b, a, c, d)
    assert segments_touch(a, b, a, d)


def test_parallel_segments_on_one_line_touch_only_where_they_overlap() -> None:
    assert segments_touch((0.0, 0.0), (0.5, 0.0), (0.5, 0.0), (1.0, 0.0))
    assert not segments_touch((0.0, 0.0), (0.4, 0.0), (0.5, 0.0), (1.0, 0.0))


def test_right_is_right_for_one_who_looks_along_the_line() -> None:
    up = ((0.5, 1.0), (0.5, 0.0))  # in a picture y grows downward

    assert side_of(up, (0.9, 0.5)) > 0 > side_of(up, (0.1, 0.5))
    assert side_of(up, (0.5, 0.2)) == 0
    assert polygon_area(SQUARE) == pytest.approx(0.16)
