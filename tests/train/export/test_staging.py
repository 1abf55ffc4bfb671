from pathlib import Path

import pytest

from edgedet.errors import ModelError
from train.export.staging import check_target, files_below, replacing, staged


def test_the_folder_appears_when_all_is_written(tmp_path: Path) -> None:
    out = tmp_path / "deep" / "bundle"
    with staged(out) as folder:
        (folder / "golden").mkdir()
        (folder / "golden" / "a.npz").write_text("a")
        assert not out.exists()
    assert files_below(out) == ["golden/a.npz"]
    assert [path.name for path in out.parent.iterdir()] == ["bundle"]


def test_after_an_error_everything_is_as_it_was(tmp_path: Path) -> None:
    out = tmp_path / "bundle"
    out.mkdir()
    (out / "manifest.json").write_text("old")
    with pytest.raises(ZeroDivisionError), staged(out) as folder:
        (folder / "manifest.json").write_text(str(1 // 0))
    assert (out / "manifest.json").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]


def test_own_files_stay_and_those_of_a_bundle_go(tmp_path: Path) -> None:
    out = tmp_path / "bundle"
    out.mkdir()
    for name in ("manifest.json", "model.onnx", "MODEL_CARD.md"):
        (out / name).write_text("old")
    with staged(out) as folder:
        (folder / "manifest.json").write_text("new")
    assert files_below(out) == ["MODEL_CARD.md", "manifest.json"]
    assert (out / "manifest.json").read_text() == "new"


def test_refuses_a_folder_of_other_things(tmp_path: Path) -> None:
    check_target(tmp_path / "new")
    check_target(tmp_path)
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(ModelError, match="is no model bundle"):
        check_target(tmp_path)
    with pytest.raises(ModelError, match="is no model bundle"), staged(tmp_path):
        pytest.fail("not reached")


def test_whatever_was_there_is_replaced_whole(tmp_path: Path) -> None:
    out = tmp_path / "model"
    out.mkdir()
    (out / "old.bin").write_text("old")
    with replacing(out) as folder:
        (folder / "new.bin").write_text("new")
        assert files_below(out) == ["old.bin"]
    assert files_below(out) == ["new.bin"]
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
