"""A camera that can be had before the scenario is old."""

import pytest
from pydantic import ValidationError

from edgedet.sim.scenario.camera_settings import CameraSettings


def test_a_clip_that_takes_minutes_to_make_is_refused() -> None:
    largest = {"width": 3840, "height": 2160, "fps": 30}
    CameraSettings.model_validate({**largest, "seconds": 10})
    with pytest.raises(ValidationError, match="14930 million pixels, which take minutes"):
        CameraSettings.model_validate({**largest, "seconds": 60})
