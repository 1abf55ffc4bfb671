"""Which models stay installed, by age and by need."""

import os
from pathlib import Path

import pytest

from edgedet.models.retention import digest_of, kept_for, prune
from edgedet.models.store import ModelStore
from tests.models.bundles import make_bundle

VERSIONS = ("1", "2", "3", "4", "5")


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    """Five models, installed an hour after each other."""
    store = ModelStore(tmp_path / "state")
    for hour, version in enumerate(VERSIONS):
        found = store.add(make_bundle(tmp_path / version, version).folder)
        os.utime(found.bundle.folder, (3600 * hour, 3600 * hour))
    return store


def _id(store: ModelStore, version: str) -> str:
    return store.find(f"tiny-{version}").id


def _versions(store: ModelStore) -> list[str]:
    return [each.bundle.manifest.version for each in store.installed()]


def test_the_newest_and_the_needed_stay(store: ModelStore) -> None:
    first, second, last = (_id(store, version) for version in ("1", "2", "5"))
    needed = {first: "way back", last: "in use"}

    kept = kept_for(store, needed, 2)
    assert (kept[first], kept[second], kept[last]) == ("way back", "", "in use")
    forgotten: list[str] = []
    removed = prune(store, needed, 2, forgotten.append)

    assert sorted(_versions(store)) == ["1", "4", "5"]
    assert sorted(removed) == sorted(name for name, reason in kept.items() if not reason)
    assert forgotten == [digest_of(model) for model in removed]
    assert prune(store, needed, 2, forgotten.append) == []


def test_what_is_installed_again_is_new_again(store: ModelStore, tmp_path: Path) -> None:
    store.add(tmp_path / "1")

    prune(store, {}, 1, lambda _digest: None)

    assert _versions(store) == ["1"]


def test_an_id_ends_with_the_digest_of_its_bundle(store: ModelStore) -> None:
    for each in store.installed():
        assert each.bundle.digest.startswith(digest_of(each.id))
        assert digest_of(each.id)


def test_what_cannot_be_removed_stays_whole_and_is_told(
    store: ModelStore, caplog: pytest.LogCaptureFixture
) -> None:
    store.incoming.parent.mkdir(parents=True, exist_ok=True)
    if store.incoming.is_dir():
        store.incoming.rmdir()
    store.incoming.write_text("a file where a folder should be")

    assert prune(store, {}, 3, lambda _digest: None) == []

    assert sorted(_versions(store)) == list(VERSIONS)
    assert "cannot be removed" in caplog.text
