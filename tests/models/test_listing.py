"""What a device tells of its models."""

from pathlib import Path

from edgedet.models.listing import listed
from edgedet.models.store import ModelStore
from tests.models.bundles import make_bundle


def test_all_models_are_listed_and_one_is_in_use(tmp_path: Path) -> None:
    configured = make_bundle(tmp_path / "configured")
    store = ModelStore(tmp_path / "state")
    found = store.add(make_bundle(tmp_path / "made", "7").folder)
    other = store.add(make_bundle(tmp_path / "more", "8").folder)

    rows = listed(store, configured, found.bundle, {found.id: "in use"})

    assert [(each["id"], each["version"], each["in_use"]) for each in rows] == [
        ("configured", "1", False),
        (found.id, "7", True),
        (other.id, "8", False),
    ]
    assert [each["kept_for"] for each in rows] == ["configured", "in use", ""]
    assert rows[1]["sha256"] == found.bundle.digest
