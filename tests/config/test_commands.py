"""Settings of commands over MQTT."""

import pytest
from pydantic import ValidationError

from edgedet.config.mqtt import MqttSettings


def test_nothing_is_allowed_unless_asked_for() -> None:
    commands = MqttSettings().commands

    assert (commands.enabled, commands.allow) == (False, [])


@pytest.mark.parametrize("off", [False, "off", {"enabled": False}])
def test_off_may_be_written_in_one_word(off: object) -> None:
    assert not MqttSettings.model_validate({"commands": off}).commands.enabled


@pytest.mark.parametrize(
    ("commands", "told"),
    [
        ({"enabled": True}, "name those that may be given"),
        ({"enabled": True, "allow": ["format-disk"]}, "'pause', 'resume'"),
    ],
)
def test_what_makes_no_sense_is_refused(commands: object, told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        MqttSettings.model_validate({"commands": commands})
