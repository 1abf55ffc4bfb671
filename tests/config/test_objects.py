"""What counts as an object, and following it: defaults and bounds."""

import pytest
from pydantic import ValidationError

from edgedet.config.objects import ObjectSettings, TrackSettings


def test_everything_that_the_model_knows_counts_and_is_followed() -> None:
    objects, track = ObjectSettings(), TrackSettings()

    assert (objects.classes, objects.score_threshold, objects.masks) == (None, None, ())
    assert objects.anchor == "bottom"
    assert (track.enabled, track.uses_colours) == (True, True)
    assert (track.lost_s, track.settle_s, track.update_s) == (4.0, 0.3, 10.0)


@pytest.mark.parametrize(
    "settings",
    [
        {"classes": []},
        {"score_threshold": 1.5},
        {"class_score_thresholds": {"person": -0.1}},
        {"masks": [[[0, 0], [1, 1], [1, 0], [0, 1]]]},
        {"anchor": "top"},
        {"color": "red"},
    ],
)
def test_what_cannot_be_is_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        ObjectSettings.model_validate(settings)


@pytest.mark.parametrize("settings", [{"lost_s": 0}, {"settle_s": -1}, {"update_s": 9999}])
def test_times_have_bounds(settings: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        TrackSettings.model_validate(settings)
