"""Installed bundles: whole or not at all, chosen, taken back, and outvoted by the configuration."""

import os
import random
import signal
import subprocess
import sys
import time
from datetime import datetime, timezone
from pathlib import Path

import pytest

from edgedet.errors import ModelError
from edgedet.manifest import Bundle, verify_bundle
from edgedet.models.store import CONFIGURED, ModelStore
from tests.models.bundles import make_bundle

NOW = datetime(2026, 1, 2, tzinfo=timezone.utc)


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return ModelStore(tmp_path / "state")


@pytest.fixture
def configured(tmp_path: Path) -> Bundle:
    return make_bundle(tmp_path / "configured", "0")


def _add(store: ModelStore, tmp_path: Path, version: str) -> str:
    return store.add(make_bundle(tmp_path / f"made-{version}", version).folder).id


def test_what_was_added_is_a_copy_of_its_own(tmp_path: Path, store: ModelStore) -> None:
    model = _add(store, tmp_path, "1.2 beta/3")
    assert model.startswith("tiny-1.2-beta-3-")
    for path in (tmp_path / "made-1.2 beta/3").iterdir():
        if path.is_file():
            path.unlink()
    verify_bundle(store.find(model).bundle)
    assert list(store.incoming.iterdir()) == []


def test_adding_again_changes_nothing(tmp_path: Path, store: ModelStore) -> None:
    assert _add(store, tmp_path, "1") == _add(store, tmp_path, "1")
    assert len(store.installed()) == 1


def test_a_damaged_bundle_is_not_added(tmp_path: Path, store: ModelStore) -> None:
    folder = make_bundle(tmp_path / "made").folder
    model = folder / "model.onnx"
    model.write_bytes(model.read_bytes()[:-1])
    with pytest.raises(ModelError, match="not the file that the manifest names"):
        store.add(folder)
    assert store.installed() == []


def test_activate_and_back(tmp_path: Path, store: ModelStore, configured: Bundle) -> None:
    first, second = _add(store, tmp_path, "1"), _add(store, tmp_path, "2")
    assert store.in_use(configured) == configured
    store.activate(first, configured, NOW, "test")
    store.activate(second, configured, NOW, "test")
    assert store.in_use(configured).manifest.version == "2"
    assert store.roll_back(configured, NOW, "worse").model == first
    assert store.in_use(configured).manifest.version == "1"
    assert store.roll_back(configured, NOW, "worse").model == CONFIGURED
    assert store.in_use(configured) == configured
    with pytest.raises(ModelError, match="no model before the present one"):
        store.roll_back(configured, NOW, "worse")


def test_a_way_back_leaves_out_what_is_gone(
    tmp_path: Path, store: ModelStore, configured: Bundle
) -> None:
    first, second, third = (_add(store, tmp_path, version) for version in "123")
    for model in (first, second, third):
        store.activate(model, configured, NOW, "test")
    store.remove(second)
    assert store.roll_back(configured, NOW, "worse").model == first


def test_activating_twice_is_one_step_back(
    tmp_path: Path, store: ModelStore, configured: Bundle
) -> None:
    model = _add(store, tmp_path, "1")
    store.activate(model, configured, NOW, "test")
    store.activate(model, configured, NOW, "test")
    assert store.roll_back(configured, NOW, "worse").model == CONFIGURED


def test_another_configured_bundle_wins(
    tmp_path: Path, store: ModelStore, configured: Bundle
) -> None:
    store.activate(_add(store, tmp_path, "1"), configured, NOW, "test")
    other = make_bundle(tmp_path / "other", "9")
    assert store.in_use(other) == other
    assert store.in_use(configured).manifest.version == "1"


def test_a_broken_active_bundle_or_file_leaves_the_configured_one(
    tmp_path: Path, store: ModelStore, configured: Bundle
) -> None:
    model = _add(store, tmp_path, "1")
    store.activate(model, configured, NOW, "test")
    path = store.find(model).bundle.model_path
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    assert store.in_use(configured) == configured
    path.write_bytes(whole)
    assert store.in_use(configured).manifest.version == "1"
    (store.folder / "active.json").write_text("{}")
    assert store.in_use(configured) == configured


def test_what_is_in_use_stays(tmp_path: Path, store: ModelStore, configured: Bundle) -> None:
    model = _add(store, tmp_path, "1")
    store.activate(model, configured, NOW, "test")
    with pytest.raises(ModelError, match="is in use"):
        store.remove(model)
    store.activate(CONFIGURED, configured, NOW, "test")
    store.remove(model)
    assert store.installed() == []


def test_names_may_be_short_but_not_ambiguous(tmp_path: Path, store: ModelStore) -> None:
    first = _add(store, tmp_path, "1")
    assert store.find("tiny-1").id == first
    _add(store, tmp_path, "2")
    with pytest.raises(ModelError, match="more than one installed model 'tiny'"):
        store.find("tiny")
    with pytest.raises(ModelError, match="no installed model 'x'"):
        store.find("x")


KILLED = """
import sys
from datetime import datetime, timezone
from pathlib import Path
from edgedet.manifest import read_bundle
from edgedet.models.store import ModelStore
state, configured, *made = map(Path, sys.argv[1:])
store = ModelStore(state)
print("ready", flush=True)
while True:
    for folder in made:
        model = store.add(folder).id
        store.activate(model, read_bundle(configured), datetime.now(timezone.utc), "test")
        for other in store.installed():
            if other.id != model:
                store.remove(other.id)
"""


def test_killed_at_any_moment_a_whole_model_is_in_use(tmp_path: Path, configured: Bundle) -> None:
    made = [make_bundle(tmp_path / f"made-{number}", str(number)).folder for number in range(3)]
    rng = random.Random(5)  # noqa: S311 - a test
    for _ in range(6):
        process = subprocess.Popen(
            [sys.executable, "-c", KILLED, tmp_path / "state", configured.folder, *made],
            stdout=subprocess.PIPE,
        )
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(rng.uniform(0, 0.05))
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()
        store = ModelStore(tmp_path / "state")
        verify_bundle(store.in_use(configured))
        for each in store.installed():
            verify_bundle(each.bundle)
