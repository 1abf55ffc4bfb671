"""What is needed is never removed by the service; what is not goes, in time and between changes."""

import json
import os
from pathlib import Path

import pytest

from edgedet.config.rollout import RolloutSettings
from edgedet.models.store import CONFIGURED
from edgedet.rollout.report import PRUNED
from edgedet.rollout.retention import needed_models
from tests.models.bundles import make_bundle
from tests.rollout.world import SETTINGS, Device, wish_for

VERSIONS = ("1", "2", "3", "4", "5", "6")
_LATER_S = 700.0


@pytest.fixture
def device(tmp_path: Path) -> Device:
    """Six models, of which the newest one stays."""
    settings = RolloutSettings.model_validate({**SETTINGS.model_dump(), "keep_models": 1})
    device = Device(tmp_path / "state", make_bundle(tmp_path / "old", "0"), settings)
    for hour, version in enumerate(VERSIONS):
        found = device.store.add(make_bundle(tmp_path / version, version).folder)
        os.utime(found.bundle.folder, (3600 * hour, 3600 * hour))
    device.boot()
    return device


def _id(device: Device, version: str) -> str:
    return device.store.find(f"tiny-{version}").id


def _versions(device: Device) -> list[str]:
    return sorted(each.bundle.manifest.version for each in device.store.installed())


def test_in_use_the_way_back_the_desired_and_the_newest_stay(device: Device) -> None:
    for version in ("1", "2"):
        device.run(wish_for(_id(device, version)))
    desired = {"schema": "edgedet.desired_model/1", "id": "wave", "model": _id(device, "4")}
    device.rollout.desire(json.dumps({**desired, "not_before": "2036-01-01T00:00:00Z"}).encode())
    device.run()
    assert _versions(device) == list(VERSIONS)  # not before it is known what is desired

    device.clock.advance(_LATER_S)
    device.run()

    needed = needed_models(device.store, device.configured, device.rollout.record)
    assert needed[_id(device, "2")] == "in use"
    assert needed[_id(device, "1")] == "way back"
    assert needed[_id(device, "4")] == "desired"
    assert _versions(device) == ["1", "2", "4", "6"]
    assert device.rollout.counts[PRUNED] == 2
    assert len(device.forgotten) == 2


def test_with_the_configured_model_in_use_only_the_newest_stays(device: Device) -> None:
    device.clock.advance(_LATER_S)
    device.run()

    assert device.rollout.record.serving == CONFIGURED
    assert _versions(device) == ["6"]


def test_rules_that_change_hold_from_then_on(device: Device) -> None:
    device.change(keep_models=4)
    device.clock.advance(_LATER_S)
    device.run()

    assert _versions(device) == ["3", "4", "5", "6"]
