import json
import os
from pathlib import Path

import pytest

from edgedet.errors import ModelError
from edgedet.manifest import (
    MANIFEST_FILE,
    Bundle,
    file_entry,
    read_bundle,
    verify_bundle,
    verify_file,
    write_manifest,
)
from tests.detect.tiny_bundle import make_tiny_bundle


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    return make_tiny_bundle(tmp_path / "tiny")


def test_what_is_written_is_read_again(bundle: Bundle) -> None:
    assert read_bundle(bundle.folder) == bundle
    verify_bundle(bundle)


def test_manifest_names_its_schema_and_leaves_out_what_is_not_known(bundle: Bundle) -> None:
    content = json.loads((bundle.folder / MANIFEST_FILE).read_text())
    assert content["schema"] == "edgedet.model/1"
    assert "golden" not in content
    assert "schema_" not in content


def test_digest_changes_with_the_manifest(bundle: Bundle) -> None:
    other = bundle.manifest.model_copy(update={"version": "2"})
    assert write_manifest(bundle.folder, other).digest != bundle.digest


def test_no_temporary_file_is_left(bundle: Bundle) -> None:
    assert sorted(path.name for path in bundle.folder.iterdir()) == ["manifest.json", "model.onnx"]


def test_a_changed_file_is_refused(bundle: Bundle) -> None:
    content = bytearray(bundle.model_path.read_bytes())
    content[-1] ^= 1
    bundle.model_path.write_bytes(content)
    with pytest.raises(ModelError, match="is not the file that the manifest names"):
        verify_bundle(bundle)


def test_a_missing_file_is_refused(bundle: Bundle) -> None:
    bundle.model_path.unlink()
    with pytest.raises(ModelError, match="is incomplete"):
        verify_bundle(bundle)


def test_a_link_out_of_the_bundle_is_refused(bundle: Bundle, tmp_path: Path) -> None:
    outside = tmp_path / "outside.onnx"
    bundle.model_path.rename(outside)
    bundle.model_path.symlink_to(outside)
    with pytest.raises(ModelError, match="a link that leaves the bundle"):
        verify_bundle(bundle)


def test_a_file_that_the_manifest_does_not_name_is_refused(bundle: Bundle) -> None:
    with pytest.raises(ModelError, match="does not name weights"):
        verify_file(bundle, "weights.pt")


def test_an_empty_folder_and_no_folder_are_told(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(ModelError, match=r"no model bundle in .* make one with"):
            read_bundle(folder)


@pytest.mark.parametrize(
    "content",
    [b"", b"not json", b"[]", b"{}", b"\xff\xfe", b'{"schema": "edgedet.model/1"}'],
    ids=["empty", "text", "list", "nothing", "not text", "schema alone"],
)
def test_what_is_no_manifest_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / MANIFEST_FILE).write_bytes(content)
    with pytest.raises(ModelError, match=r"not a manifest of schema edgedet\.model/1"):
        read_bundle(tmp_path)


def test_another_schema_is_refused(bundle: Bundle) -> None:
    path = bundle.folder / MANIFEST_FILE
    path.write_text(path.read_text().replace("edgedet.model/1", "edgedet.model/2"))
    with pytest.raises(ModelError, match="schema"):
        read_bundle(bundle.folder)


def test_a_huge_manifest_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / MANIFEST_FILE).open("wb") as file:
        file.truncate(5 << 20)
    with pytest.raises(ModelError, match="more than 4194304 bytes"):
        read_bundle(tmp_path)


@pytest.mark.parametrize(
    "path",
    ["../model.onnx", "/etc/passwd", "a/../../b", ".hidden", "a//b", "a/", "a\\b", "", "a/."],
)
def test_paths_that_leave_the_bundle_are_refused(bundle: Bundle, path: str) -> None:
    content = json.loads((bundle.folder / MANIFEST_FILE).read_text())
    content["files"].append({"path": path, "sha256": "0" * 64, "size_bytes": 0})
    (bundle.folder / MANIFEST_FILE).write_text(json.dumps(content))
    with pytest.raises(ModelError, match=r"files\.1\.path"):
        read_bundle(bundle.folder)


def test_file_entry_of_a_known_content(tmp_path: Path) -> None:
    (tmp_path / "empty").write_bytes(b"")
    entry = file_entry(tmp_path, "empty")
    assert entry.size_bytes == 0
    assert entry.sha256 == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.mark.parametrize("name", [MANIFEST_FILE, "model.onnx"])
def test_a_pipe_is_not_waited_for(bundle: Bundle, name: str) -> None:
    (bundle.folder / name).unlink()
    os.mkfifo(bundle.folder / name)
    with pytest.raises(ModelError, match=f"cannot read {name} .it is no plain file"):
        verify_bundle(read_bundle(bundle.folder))
