"""What makes no sense is refused before anything is built."""

from pathlib import Path

import pytest

from edgedet.config.model import ModelSettings
from edgedet.detect import store_in
from edgedet.errors import ConfigError
from edgedet.startup import (
    checked_sources,
    command_memory,
    configured_bundle,
    model_of,
    thresholds_of,
)
from edgedet.stream.model import Thresholds
from tests.runs import PATTERN, tiny_settings


def test_a_disabled_source_may_have_an_address_that_makes_no_sense(tmp_path: Path) -> None:
    off = {"id": "off", "uri": "test://nothing", "enabled": False}
    settings = tiny_settings(tmp_path, {"id": "a", "uri": PATTERN}, off)
    assert [source.id for source in checked_sources(settings)] == ["a", "off"]

    on = tiny_settings(tmp_path, {"id": "a", "uri": PATTERN}, off | {"enabled": True})
    with pytest.raises(ConfigError, match="1 of the sources"):
        checked_sources(on)


def test_without_an_enabled_source_there_is_nothing_to_do(tmp_path: Path) -> None:
    settings = tiny_settings(tmp_path, {"id": "off", "uri": PATTERN, "enabled": False})

    with pytest.raises(ConfigError, match="no source is enabled"):
        checked_sources(settings)


def test_a_bundle_that_is_not_there_is_named(tmp_path: Path) -> None:
    settings = tiny_settings(tmp_path, model={"bundle": tmp_path / "nowhere"})

    with pytest.raises(ConfigError, match="nowhere"):
        configured_bundle(settings)


def test_a_bundle_that_is_there_is_read(tmp_path: Path) -> None:
    settings = tiny_settings(tmp_path)

    assert configured_bundle(settings).folder == settings.model.bundle


def test_commands_are_remembered_where_they_are_taken(tmp_path: Path) -> None:
    mqtt = {"commands": {"enabled": True, "allow": ["pause"]}}
    state_dir = tmp_path / "state"

    assert command_memory(tiny_settings(tmp_path, state_dir=state_dir)) is None
    assert command_memory(tiny_settings(tmp_path, mqtt=mqtt, state_dir=state_dir)) is not None


def test_thresholds_are_the_settings_or_else_the_bundles(tmp_path: Path) -> None:
    defaults = Thresholds(0.25, 0.45)

    assert thresholds_of(ModelSettings(bundle=tmp_path), defaults) == defaults
    own = ModelSettings(bundle=tmp_path, score_threshold=0.0, iou_threshold=0.6)
    assert thresholds_of(own, defaults) == Thresholds(0.0, 0.6)


def test_the_model_of_a_bundle_is_loaded_when_its_detector_is_made(tmp_path: Path) -> None:
    settings = tiny_settings(tmp_path, {"id": "a", "uri": "test://ball"})
    bundle = configured_bundle(settings)
    model = model_of(bundle, settings.model, 1, store_in(tmp_path))
    assert model.identity.class_names == ("bright",)
    assert model.input_hw == bundle.input_hw
    assert model.thresholds == thresholds_of(settings.model, model.defaults)
    detector = model.make_detector()
    assert detector.backend == "onnxruntime"
    detector.close()
