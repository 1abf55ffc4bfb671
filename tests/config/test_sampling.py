"""Sampling is off unless enabled, and a mistake in it is told before anything runs."""

from typing import Any

import pytest
from pydantic import ValidationError

from edgedet.config.sampling import SamplingSettings

ROBOFLOW = {"project": "gates", "api_key_file": "key"}
S3 = {"bucket": "frames", "credentials_file": "keys"}
CLOSE = {"name": "n", "type": "close_to_threshold", "threshold": 0.3, "epsilon": 0.1}


def test_off_by_default() -> None:
    assert not SamplingSettings().enabled


@pytest.mark.parametrize("value", [False, "off"])
def test_off_in_one_word(value: object) -> None:
    assert not SamplingSettings.model_validate(value).enabled


def test_strategies_have_a_known_type_and_limits() -> None:
    limits = [{"type": "daily", "value": 10}, {"type": "hourly", "value": 2, "per": "source"}]
    strategy = {"name": "n", "type": "random", "limits": limits, "tags": ["a:b/c", "night"]}

    settings = SamplingSettings.model_validate({"enabled": True, "strategies": [strategy]})

    assert [(each.value, each.per) for each in settings.strategies[0].limits] == [
        (10, "device"),
        (2, "source"),
    ]


@pytest.mark.parametrize(
    ("strategy", "reason"),
    [
        ({"type": "sometimes"}, "Input should be"),
        ({"type": "random", "probability": 2}, "less than or equal to 1"),
        ({"type": "random", "limits": [{"type": "yearly", "value": 1}]}, "Input should be"),
        ({"type": "random", "tags": ["two words"]}, "a tag has 1 to 64"),
        ({"type": "close_to_threshold", "threshold": 0.3}, "needs threshold and epsilon"),
        ({"type": "detections_number_based"}, "needs more_than, less_than or both"),
        (
            {"type": "detections_number_based", "more_than": 3, "less_than": 4},
            "no number is more than 3 and less than 4",
        ),
    ],
)
def test_refuses_strategies_that_make_no_sense(strategy: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        SamplingSettings.model_validate({"strategies": [{"name": "n", **strategy}]})


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"strategies": [CLOSE, CLOSE]}, "different names, given more than once: .'n'."),
        ({"sink": "roboflow"}, "needs sampling.roboflow with project and api_key_file"),
        ({"sink": "s3"}, "needs sampling.s3 with bucket and credentials_file"),
        ({"max_fps": 1, "strategies": [{"name": "f", "type": "flicker"}]}, "max_fps of 2 or more"),
        ({"blur": {"regions": [{"box": [0.5, 0, 0.4, 1]}]}}, "x1 < x2"),
        ({"tags": [""]}, "a tag has"),
        (
            {"roboflow": {**ROBOFLOW, "client": "package", "url": "http://127.0.0.1:1"}},
            "API_URL; leave url out",
        ),
        ({"roboflow": {**ROBOFLOW, "url": "https://key@api.roboflow.com"}}, "should match"),
        ({"s3": {**S3, "prefix": "no-slash"}}, "should match"),
    ],
)
def test_refuses_settings_that_do_not_fit_together(settings: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        SamplingSettings.model_validate({"enabled": True, **settings})


@pytest.mark.parametrize(("sink", "section"), [("roboflow", ROBOFLOW), ("s3", S3)])
def test_each_sink_has_its_section(sink: str, section: dict[str, Any]) -> None:
    settings = SamplingSettings.model_validate({"enabled": True, "sink": sink, sink: section})

    assert settings.sink == sink
