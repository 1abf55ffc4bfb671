"""Sampling is validated although it comes later; it is off unless enabled."""

import pytest
from pydantic import ValidationError

from edgedet.config.sampling import SamplingSettings


def test_off_by_default() -> None:
    assert not SamplingSettings().enabled


def test_strategies_have_a_known_type_and_limits() -> None:
    strategy = {"name": "n", "type": "random", "limits": [{"type": "daily", "value": 10}]}
    settings = SamplingSettings.model_validate({"enabled": True, "strategies": [strategy]})
    assert settings.strategies[0].limits[0].value == 10


@pytest.mark.parametrize(
    "strategy",
    [
        {"name": "n", "type": "sometimes"},
        {"name": "n", "type": "random", "probability": 2},
        {"name": "n", "type": "random", "limits": [{"type": "yearly", "value": 1}]},
    ],
)
def test_refuses(strategy: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        SamplingSettings.model_validate({"strategies": [strategy]})


@pytest.mark.parametrize("value", [False, "off"])
def test_off_in_one_word(value: object) -> None:
    assert not SamplingSettings.model_validate(value).enabled
