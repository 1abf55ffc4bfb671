"""Settings `sources[].zones`, `lines` and the masks of `objects`: places in the picture.

Points are [x, y] as parts of the picture's width and height, from the top left corner, so that they
hold for every resolution of the camera.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Annotated

from pydantic import AfterValidator, Field, field_validator

from edgedet.config.section import Section, Slug
from edgedet.vision.polygons import crossing_edges, polygon_area

_MIN_AREA = 1e-5  # three pixels of 640 x 480: nobody stands in less
_MAX_POINTS = 64

_Part = Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False)]
NormalizedPoint = tuple[_Part, _Part]
ClassName = Annotated[str, Field(min_length=1, max_length=128)]
Score = Annotated[float, Field(ge=0.0, le=1.0)]


def _is_simple(points: tuple[NormalizedPoint, ...]) -> tuple[NormalizedPoint, ...]:
    doubled = [point for point, count in Counter(points).items() if count > 1]
    if doubled:
        msg = f"the point {_shown(doubled[0])} is there twice; the last joins the first by itself"
        raise ValueError(msg)
    crossing = crossing_edges(points)
    if crossing is not None:
        first, second = (_edge(points, number) for number in crossing)
        msg = (
            f"the edges {first} and {second} meet; expected a polygon that does not cross itself:"
            " give the points in the order in which they lie around it"
        )
        raise ValueError(msg)
    area = polygon_area(points)
    if area < _MIN_AREA:
        msg = f"the polygon covers {area:.2g} of the picture; expected {_MIN_AREA:g} or more"
        raise ValueError(msg)
    return points


def _edge(points: Sequence[NormalizedPoint], number: int) -> str:
    return f"{_shown(points[number])} to {_shown(points[(number + 1) % len(points)])}"


def _shown(point: NormalizedPoint) -> str:
    return f"[{point[0]:g}, {point[1]:g}]"


Polygon = Annotated[
    tuple[NormalizedPoint, ...],
    Field(min_length=3, max_length=_MAX_POINTS),
    AfterValidator(_is_simple),
]
"""A simple polygon of 3 to 64 points; the last joins the first."""


class ZoneSettings(Section):
    """A part of the picture: who enters it, stays in it, leaves it."""

    name: Slug
    points: Polygon
    classes: tuple[ClassName, ...] | None = Field(default=None, min_length=1)
    """Only objects of these classes; default: all."""
    dwell_s: float | None = Field(default=None, gt=0, le=86_400)
    """Tell when an object has stayed for so long; default: do not."""


class LineSettings(Section):
    """A line from its first point to its second, to be crossed to its right or to its left."""

    name: Slug
    points: tuple[NormalizedPoint, NormalizedPoint]
    directions: tuple[Slug, Slug] = ("to_right", "to_left")
    """Names for crossing it to the right and to the left, seen from the first point."""
    classes: tuple[ClassName, ...] | None = Field(default=None, min_length=1)
    """Only objects of these classes; default: all."""

    @field_validator("points")
    @classmethod
    def _has_length(
        cls, points: tuple[NormalizedPoint, NormalizedPoint]
    ) -> tuple[NormalizedPoint, NormalizedPoint]:
        if points[0] == points[1]:
            msg = f"both points are {_shown(points[0])}; expected two different ones"
            raise ValueError(msg)
        return points

    @field_validator("directions")
    @classmethod
    def _are_two(cls, directions: tuple[Slug, Slug]) -> tuple[Slug, Slug]:
        if directions[0] == directions[1]:
            msg = f"both directions are called '{directions[0]}'; expected two names"
            raise ValueError(msg)
        return directions


def doubled_names(places: Iterable[ZoneSettings | LineSettings]) -> list[str]:
    """The names that several places have."""
    counts = Counter(place.name for place in places)
    return sorted(name for name, count in counts.items() if count > 1)
