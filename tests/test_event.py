"""The state of a source as a value."""

import dataclasses
import json
from datetime import datetime, timezone
from importlib.resources import files

import pytest

from edgedet.event import SourceState, SourceStatus


def test_the_states_are_those_that_subscribers_are_told_of() -> None:
    folder = files("edgedet.publish").joinpath("schemas")
    named = [
        set(schema["properties"]["state"]["enum"])
        for schema in (
            json.loads(path.read_text(encoding="utf-8"))
            for path in folder.iterdir()
            if path.name.endswith(".json")
        )
        if "live" in schema.get("properties", {}).get("state", {}).get("enum", ())
    ]

    assert named == [{state.value for state in SourceState}]


def test_a_state_is_its_word() -> None:
    assert SourceState("auth_failed") is SourceState.AUTH_FAILED
    assert json.dumps({"state": SourceState.LIVE}) == '{"state": "live"}'


def test_a_status_does_not_change_and_compares_by_value() -> None:
    since = datetime(2026, 3, 1, tzinfo=timezone.utc)
    status = SourceStatus("gate", SourceState.LIVE, since)

    assert status == SourceStatus("gate", SourceState.LIVE, since)
    assert status != dataclasses.replace(status, dropped=1)
    with pytest.raises(dataclasses.FrozenInstanceError):
        status.dropped = 1  # type: ignore[misc]
