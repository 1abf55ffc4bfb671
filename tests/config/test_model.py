"""Limits of the model's settings."""

import pytest
from pydantic import ValidationError

from edgedet.config.model import ModelSettings


def test_thresholds_left_out_are_the_bundles() -> None:
    settings = ModelSettings.model_validate({"bundle": "m"})
    assert (settings.score_threshold, settings.iou_threshold) == (None, None)
    assert settings.backend == "auto"


@pytest.mark.parametrize(
    "values",
    [{"backend": "torch"}, {"score_threshold": 1.5}, {"iou_threshold": -1}, {"threads": -1}],
)
def test_refuses(values: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        ModelSettings.model_validate({"bundle": "m", **values})
