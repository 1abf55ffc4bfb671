import json
import re
from datetime import datetime, timezone
from pathlib import Path

import pytest

from edgedet.detect.engine.profile import BatchProfile
from edgedet.detect.engine.sidecar import EngineKey, Profile, Sidecar, read_sidecar
from edgedet.errors import ModelError
from tests.odd_files import ODD, put_odd

KEY = EngineKey("a" * 64, "10.3.0", "Orin", "8.7", 16)


def make_sidecar(**changes: object) -> Sidecar:
    facts: dict[str, object] = {
        "model": "person",
        "version": "1",
        "bundle_sha256": KEY.bundle_sha256,
        "engine_sha256": "b" * 64,
        "engine_bytes": 12,
        "tensorrt": KEY.tensorrt,
        "device": KEY.device,
        "compute_capability": KEY.compute_capability,
        "multiprocessors": KEY.multiprocessors,
        "profile": Profile(min=1, opt=4, max=8),
        "precision": "int8",
        "strongly_typed": False,
        "built_at": datetime(2026, 1, 2, tzinfo=timezone.utc),
        "build_s": 120.0,
        "edgedet": "0.1.0",
    }
    return Sidecar.model_validate(facts | changes)


def write(path: Path, sidecar: Sidecar) -> Path:
    path.write_text(sidecar.model_dump_json(by_alias=True), encoding="utf-8")
    return path


def test_what_was_written_is_read(tmp_path: Path) -> None:
    sidecar = make_sidecar(dla_core=1)
    path = write(tmp_path / "engine.json", sidecar)
    assert read_sidecar(path) == sidecar
    assert json.loads(path.read_text(encoding="utf-8"))["schema"] == "edgedet.engine/1"
    assert sidecar.batch_profile == BatchProfile(1, 4, 8)


def test_the_same_key_has_no_differences() -> None:
    assert KEY.differences(make_sidecar()) == []


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"bundle_sha256": "c" * 64}, "another version of the bundle"),
        ({"tensorrt": "8.6.2"}, "built by TensorRT 8.6.2, here is 10.3.0"),
        ({"device": "Xavier"}, r"for Xavier \(compute capability 8.7, 16 multi.*here is Orin"),
        ({"compute_capability": "7.2"}, r"for Orin \(compute capability 7.2, 16"),
        ({"multiprocessors": 8}, r"8.7, 8 multiprocessors\), here is Orin .*, 16 multipro"),
    ],
)
def test_tells_what_differs(changes: dict[str, object], told: str) -> None:
    (difference,) = KEY.differences(make_sidecar(**changes))
    assert re.search(told, difference)


def test_every_part_of_the_key_has_its_own_file() -> None:
    profile = BatchProfile(1, 4, 8)
    keys = [
        KEY,
        EngineKey("c" * 64, "10.3.0", "Orin", "8.7", 16),
        EngineKey("a" * 64, "10.3.1", "Orin", "8.7", 16),
        EngineKey("a" * 64, "10.3.0", "Orin NX", "8.7", 16),
        EngineKey("a" * 64, "10.3.0", "Orin", "8.9", 16),
        EngineKey("a" * 64, "10.3.0", "Orin", "8.7", 8),
    ]
    stems = [key.file_stem(profile) for key in keys]
    stems += [
        KEY.file_stem(BatchProfile(1, 4, 4)),
        KEY.file_stem(profile, "fp16"),
        KEY.file_stem(profile, dla_core=0),
    ]
    assert len(set(stems)) == len(stems)


@pytest.mark.parametrize("content", ["", "{}", '{"schema": "edgedet.engine/2"}', "[" * 100])
def test_what_is_no_sidecar_is_told(tmp_path: Path, content: str) -> None:
    path = tmp_path / "engine.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ModelError, match=r"no sidecar of schema edgedet\.engine/1"):
        read_sidecar(path)


def test_a_missing_sidecar_is_told(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot read"):
        read_sidecar(tmp_path / "engine.json")


@pytest.mark.parametrize("kind", ODD)
def test_a_sidecar_that_is_no_file_is_told(tmp_path: Path, kind: str) -> None:
    with pytest.raises(ModelError, match="cannot read"):
        read_sidecar(put_odd(tmp_path / "engine.json", kind))
