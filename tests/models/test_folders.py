"""A bundle that goes is whole or not there, wherever it is cut off."""

import shutil
from pathlib import Path

import pytest

from edgedet.models.folders import remove_whole, sweep
from edgedet.models.store import ModelStore
from tests.models.bundles import make_bundle


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    store = ModelStore(tmp_path / "state")
    store.add(make_bundle(tmp_path / "made", "7").folder)
    return store


def test_a_bundle_goes_with_all_its_files(store: ModelStore) -> None:
    [folder] = store.folders()

    remove_whole(folder, store.incoming)

    assert store.installed() == []
    assert list(store.incoming.iterdir()) == []


def test_what_is_cut_off_is_not_installed_and_swept_later(
    store: ModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    [folder] = store.folders()
    monkeypatch.setattr(shutil, "rmtree", lambda *_args, **_options: None)  # the power goes here
    remove_whole(folder, store.incoming)
    monkeypatch.undo()

    assert store.installed() == []
    assert len(list(store.incoming.iterdir())) == 1
    sweep(store.incoming)
    assert list(store.incoming.iterdir()) == []


def test_a_bundle_that_cannot_be_moved_is_whole(store: ModelStore) -> None:
    [folder] = store.folders()
    shutil.rmtree(store.incoming, ignore_errors=True)
    store.incoming.write_text("a file where a folder should be")

    with pytest.raises(OSError, match="incoming"):
        remove_whole(folder, store.incoming)

    assert len(store.installed()) == 1
