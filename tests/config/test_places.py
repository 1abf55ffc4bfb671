"""Zones and lines: what is no place is refused, in words that say what to do."""

import pytest
from pydantic import ValidationError

from edgedet.config.places import LineSettings, ZoneSettings
from edgedet.config.source import SourceSettings

SQUARE = [[0.1, 0.1], [0.9, 0.1], [0.9, 0.9], [0.1, 0.9]]


def _source(**settings: object) -> SourceSettings:
    return SourceSettings.model_validate({"id": "gate", "uri": "test://ball", **settings})


def test_places_as_the_documentation_shows_them() -> None:
    zone = ZoneSettings.model_validate({"name": "dock", "points": SQUARE, "dwell_s": 10})
    line = LineSettings.model_validate({"name": "door", "points": SQUARE[:2]})

    assert zone.points[0] == (0.1, 0.1)
    assert (zone.classes, zone.dwell_s) == (None, 10)
    assert line.directions == ("to_right", "to_left")


@pytest.mark.parametrize(
    ("points", "problem"),
    [
        (SQUARE[:2], "at least 3"),
        ([*SQUARE, SQUARE[0]], "the point [0.1, 0.1] is there twice; the last joins the first"),
        (
            [SQUARE[0], SQUARE[2], SQUARE[1], SQUARE[3]],
            "the edges [0.1, 0.1] to [0.9, 0.9] and [0.9, 0.1] to [0.1, 0.9] meet",
        ),
        ([[0, 0], [1, 1], [0.5, 0.5]], "meet"),
        ([[0, 0], [0.001, 0], [0, 0.001]], "the polygon covers 5e-07 of the picture"),
        ([[0, 0], [1920, 0], [0, 1080]], "less than or equal to 1"),
        ([[0, 0], [float("nan"), 0], [0, 1]], "finite"),
        ([[0, 0, 0], [1, 0, 0], [0, 1, 0]], "at most 2"),
        ([[0.01 * n, 0.0 if n else 1.0] for n in range(65)], "at most 64"),
    ],
)
def test_what_is_no_polygon_is_refused(points: list[list[float]], problem: str) -> None:
    with pytest.raises(ValidationError) as caught:
        ZoneSettings.model_validate({"name": "dock", "points": points})

    assert problem in str(caught.value)


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"points": [[0.5, 0.5], [0.5, 0.5]]}, "both points are [0.5, 0.5]"),
        ({"points": SQUARE}, "at most 2"),
        ({"points": SQUARE[:2], "directions": ["in", "in"]}, "both directions are called 'in'"),
        ({"points": SQUARE[:2], "directions": ["In", "out"]}, "pattern"),
    ],
)
def test_what_is_no_line_is_refused(settings: dict[str, object], problem: str) -> None:
    with pytest.raises(ValidationError) as caught:
        LineSettings.model_validate({"name": "door", **settings})

    assert problem in str(caught.value)


def test_names_are_unique_among_zones_and_lines() -> None:
    places = {
        "zones": [{"name": "dock", "points": SQUARE}, {"name": "yard", "points": SQUARE}],
        "lines": [{"name": "dock", "points": SQUARE[:2]}],
    }
    with pytest.raises(ValidationError, match="given twice: dock"):
        _source(**places)


def test_zones_need_tracks() -> None:
    zones = [{"name": "dock", "points": SQUARE}]
    with pytest.raises(ValidationError, match="zones and lines need track"):
        _source(zones=zones, track={"enabled": False})
    assert _source(zones=zones).zones[0].name == "dock"
