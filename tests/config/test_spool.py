"""What is kept on disk."""

import pytest
from pydantic import ValidationError

from edgedet.config.mqtt import MqttSettings
from edgedet.config.spool import SpoolSettings


def test_events_are_kept_unless_told_otherwise() -> None:
    assert MqttSettings().spool.kinds == ("events",)


@pytest.mark.parametrize("value", [False, "off", {"kinds": []}])
def test_off_in_every_form(value: object) -> None:
    assert SpoolSettings.model_validate(value).kinds == ()


@pytest.mark.parametrize("value", [None, 0, 0.5])
def test_sync_is_never_at_once_or_now_and_then(value: float | None) -> None:
    assert SpoolSettings(fsync_s=value).fsync_s == value


@pytest.mark.parametrize(
    "wrong",
    [
        {"kinds": ["status"]},
        {"max_bytes": 5},
        {"max_age_s": 0},
        {"replay_per_s": 0},
        {"fsync_s": -1},
    ],
)
def test_refuses(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        SpoolSettings.model_validate(wrong)
