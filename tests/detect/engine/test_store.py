import hashlib
import os
from datetime import datetime, timezone
from pathlib import Path

import pytest

from edgedet.detect.engine.sidecar import EngineKey, Profile, Sidecar
from edgedet.detect.engine.store import (
    FOLDER,
    StoredEngine,
    find_engine,
    remove_engines_of,
    remove_outlived,
    save_engine,
    stored_at,
    writable_folder,
)
from edgedet.errors import ModelError
from edgedet.manifest import Bundle
from tests.detect.engine.test_sidecar import make_sidecar
from tests.detect.tiny_bundle import make_tiny_bundle

PLAN = b"a plan"


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    return make_tiny_bundle(tmp_path / "tiny")


@pytest.fixture
def key(bundle: Bundle) -> EngineKey:
    return EngineKey(bundle.digest, "10.3.0", "Orin", "8.7", 16)


def save(folder: Path, bundle: Bundle, stem: str = "stem", **changes: object) -> StoredEngine:
    (folder / FOLDER).mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256(PLAN).hexdigest()
    facts = {"bundle_sha256": bundle.digest, "engine_sha256": digest} | changes
    return save_engine(folder / FOLDER, bundle, PLAN, make_sidecar(**facts), stem)


def test_what_was_saved_is_found(tmp_path: Path, bundle: Bundle, key: EngineKey) -> None:
    saved = save(tmp_path, bundle)
    found = find_engine([tmp_path / "nothing", tmp_path], bundle, key, 8)
    assert found == saved
    assert found.read() == PLAN
    assert [path.name for path in (tmp_path / FOLDER).iterdir() if path.name.startswith(".")] == []


def test_of_several_takes_the_smallest_that_is_large_enough(
    tmp_path: Path, bundle: Bundle, key: EngineKey
) -> None:
    for largest in (1, 4, 8):
        save(tmp_path, bundle, str(largest), profile=Profile(min=1, opt=1, max=largest))

    def found(max_batch: int) -> int:
        sidecar: Sidecar = find_engine([tmp_path], bundle, key, max_batch).sidecar
        return sidecar.profile.max

    assert [found(count) for count in (1, 2, 4, 5, 99)] == [1, 4, 4, 8, 8]


def test_of_two_alike_takes_the_newer(tmp_path: Path, bundle: Bundle, key: EngineKey) -> None:
    for day, stem in ((2, "b"), (3, "c"), (1, "a")):
        save(tmp_path, bundle, stem, built_at=datetime(2026, 1, day, tzinfo=timezone.utc))
    assert find_engine([tmp_path], bundle, key, 1).path.name == "tiny-c.engine"


def test_none_says_how_to_build_one(tmp_path: Path, bundle: Bundle, key: EngineKey) -> None:
    told = f"edgedet build-engine {bundle.folder}"
    with pytest.raises(ModelError, match=f"no TensorRT engine of model 'tiny' for Orin.*{told}"):
        find_engine([tmp_path], bundle, key, 8)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"tensorrt": "8.6.2"}, "built by TensorRT 8.6.2, here is 10.3.0"),
        ({"device": "Xavier", "compute_capability": "7.2"}, "built for Xavier"),
        ({"bundle_sha256": "c" * 64}, "another version of the bundle"),
    ],
)
def test_a_stale_or_foreign_engine_is_refused_with_its_reason(
    tmp_path: Path, bundle: Bundle, key: EngineKey, changes: dict[str, object], reason: str
) -> None:
    save(tmp_path, bundle, "stem", **changes)
    with pytest.raises(ModelError, match=rf"tiny-stem\.engine: .*{reason}.*edgedet build-engine"):
        find_engine([tmp_path], bundle, key, 8)


def test_a_damaged_engine_is_not_handed_over(
    tmp_path: Path, bundle: Bundle, key: EngineKey
) -> None:
    saved = save(tmp_path, bundle)
    saved.path.write_bytes(PLAN + b"!")
    with pytest.raises(ModelError, match="is damaged"):
        find_engine([tmp_path], bundle, key, 8).read()
    assert stored_at(tmp_path / FOLDER, bundle, "stem") is None
    saved.path.unlink()
    with pytest.raises(ModelError, match="cannot read the engine"):
        find_engine([tmp_path], bundle, key, 8).read()


def test_a_damaged_sidecar_is_told(tmp_path: Path, bundle: Bundle, key: EngineKey) -> None:
    saved = save(tmp_path, bundle)
    saved.path.with_suffix(".json").write_text("{}", encoding="utf-8")
    with pytest.raises(ModelError, match=r"is no sidecar.*edgedet build-engine"):
        find_engine([tmp_path], bundle, key, 8)


def test_engines_of_other_models_are_nobody_s_business(
    tmp_path: Path, bundle: Bundle, key: EngineKey
) -> None:
    save(tmp_path, bundle).path.rename(tmp_path / FOLDER / "other-stem.engine")
    (tmp_path / FOLDER / "tiny-stem.json").rename(tmp_path / FOLDER / "other-stem.json")
    with pytest.raises(ModelError, match="no TensorRT engine of model 'tiny'"):
        find_engine([tmp_path], bundle, key, 8)


def test_writes_where_it_can(tmp_path: Path) -> None:
    occupied = tmp_path / "file"
    occupied.write_text("", encoding="utf-8")
    assert writable_folder([occupied, tmp_path / "state"]) == tmp_path / "state" / FOLDER
    with pytest.raises(ModelError, match="--state-dir"):
        writable_folder([occupied])


def test_engines_of_a_tensorrt_that_is_gone_are_deleted(
    tmp_path: Path, bundle: Bundle, key: EngineKey
) -> None:
    kept = [
        save(tmp_path, bundle, "here"),
        save(tmp_path, bundle, "older-model", bundle_sha256="0" * 64),
        save(tmp_path, bundle, "other-gpu", device="AGX", tensorrt="8.6.2"),
    ]
    gone = save(tmp_path, bundle, "gone", tensorrt="8.6.2")
    (tmp_path / FOLDER / "note.json").write_text("{}")
    assert remove_outlived(tmp_path / FOLDER, key) == [gone.path]
    left = {path.name for path in (tmp_path / FOLDER).iterdir()}
    expected = {
        stored.path.with_suffix(end).name for stored in kept for end in (".json", ".engine")
    }
    assert left == expected | {"note.json"}


def test_the_engines_of_a_bundle_go_with_it_and_others_stay(tmp_path: Path, bundle: Bundle) -> None:
    gone = [save(tmp_path, bundle, stem) for stem in ("one", "two")]
    kept = save(tmp_path, bundle, "other", bundle_sha256="f" * 64)
    (tmp_path / FOLDER / "note.json").write_text("{}")

    assert remove_engines_of(tmp_path, bundle.digest[:12]) == [each.path for each in gone]

    names = {path.name for path in (tmp_path / FOLDER).iterdir()}
    assert names == {kept.path.name, kept.path.with_suffix(".json").name, "note.json"}
    assert remove_engines_of(tmp_path / "nowhere", bundle.digest) == []


def test_an_engine_that_is_no_file_is_not_waited_for(
    tmp_path: Path, bundle: Bundle, key: EngineKey
) -> None:
    saved = save(tmp_path, bundle)
    saved.path.unlink()
    os.mkfifo(saved.path)

    with pytest.raises(ModelError, match="cannot read the engine"):
        find_engine([tmp_path], bundle, key, 8).read()
