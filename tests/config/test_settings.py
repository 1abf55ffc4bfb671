"""The whole: what is required, what is unique."""

import pytest
from pydantic import ValidationError

from edgedet.config.settings import Settings

SOURCE = {"id": "a", "uri": "test://ball"}


def test_only_the_bundle_and_the_sources_are_required() -> None:
    settings = Settings.model_validate({"model": {"bundle": "m"}, "sources": [SOURCE]})
    assert settings.sources[0].realtime
    assert not settings.sources[0].loop
    assert settings.mqtt.url == "mqtt://127.0.0.1:1883"


def test_source_ids_are_unique() -> None:
    with pytest.raises(ValidationError, match="given more than once: a"):
        Settings.model_validate({"model": {"bundle": "m"}, "sources": [SOURCE, SOURCE]})


def test_settings_cannot_be_changed() -> None:
    settings = Settings.model_validate({"model": {"bundle": "m"}, "sources": [SOURCE]})
    with pytest.raises(ValidationError, match="frozen"):
        settings.jsonl = None  # type: ignore[misc]
