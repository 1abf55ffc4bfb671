"""Settings of the discovery by Home Assistant."""

import pytest
from pydantic import ValidationError

from edgedet.config.mqtt import MqttSettings


@pytest.mark.parametrize("off", [False, "off", {"enabled": False}, {}])
def test_off_unless_enabled(off: object) -> None:
    assert not MqttSettings.model_validate({"home_assistant": off}).home_assistant.enabled


@pytest.mark.parametrize("prefix", ["", "home/", "a b", "#", "x" * 65])
def test_prefix_is_a_topic(prefix: str) -> None:
    with pytest.raises(ValidationError, match="prefix"):
        MqttSettings.model_validate({"home_assistant": {"enabled": True, "prefix": prefix}})
