"""The folder of a new set: whole, or not there."""

from pathlib import Path

import numpy as np
import pytest

from edgedet.errors import DataError
from train.data.dataset import label_path, read_data_yaml
from train.data.ingest.folder import COPIED, RENAMED, SetFolder

ROW = np.array([[0, 0.5, 0.5, 0.5, 0.5]], dtype=np.float32)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source.jpg"
    path.write_bytes(b"picture")
    return path


def break_off(out: Path, source: Path) -> None:
    with SetFolder(out) as folder:
        folder.add("train", "a.jpg", source, ROW)
        raise KeyboardInterrupt


def test_writes_a_set_that_reads_back(tmp_path: Path, source: Path) -> None:
    with SetFolder(tmp_path / "out") as folder:
        folder.add("train", "a b/ü.jpg", source, ROW)
        folder.add("val", "c.png", b"bytes", ROW[:0])
        path = folder.finish(("person", "Fahrrad ü"), {"license": "MIT"})
    spec = read_data_yaml(path)

    assert spec.class_names == ("person", "Fahrrad ü")
    assert spec.splits["train"][0].relative_to(tmp_path / "out").as_posix() == (
        "images/train/a b/ü.jpg"
    )
    assert spec.samples("train")[0].labels.tolist() == ROW.tolist()
    assert label_path(spec.splits["val"][0]).read_text(encoding="utf-8") == ""


def test_a_failure_leaves_nothing(tmp_path: Path, source: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        break_off(tmp_path / "new" / "out", source)

    assert not (tmp_path / "new" / "out").exists()


def test_a_folder_that_was_there_stays(tmp_path: Path, source: Path) -> None:
    (tmp_path / "out").mkdir()
    with pytest.raises(KeyboardInterrupt):
        break_off(tmp_path / "out", source)

    assert list((tmp_path / "out").iterdir()) == []


def test_a_folder_in_use_is_refused_and_not_touched(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    with pytest.raises(DataError, match=r"is not empty; .*no data\.yaml"):
        SetFolder(tmp_path)
    assert (tmp_path / "images").is_dir()


def test_a_place_that_cannot_be_a_folder_is_refused(source: Path) -> None:
    with pytest.raises(DataError, match="cannot make output folder"):
        SetFolder(source / "out")


def test_a_set_without_pictures_is_none(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no picture"), SetFolder(tmp_path / "out") as folder:
        folder.finish(("a",))
    assert not (tmp_path / "out").exists()


def test_pictures_that_would_share_a_label_file_are_renamed(tmp_path: Path, source: Path) -> None:
    with SetFolder(tmp_path / "out") as folder:
        for name in ("a.jpg", "a.png", "A.jpg", "b/a.jpg"):
            folder.add("train", name, source, ROW)
        folder.finish(("x",))

    found = sorted(p.name for p in (tmp_path / "out").rglob("*.*g") if p.is_file())
    assert found == ["A-3.jpg", "a-2.png", "a.jpg", "a.jpg"]
    assert folder.tally[RENAMED] == 2


def test_a_name_never_leads_out_of_the_folder(tmp_path: Path, source: Path) -> None:
    with SetFolder(tmp_path / "out") as folder:
        folder.add("train", "../../../images/x.jpg", source, ROW)
        folder.finish(("x",))

    assert (tmp_path / "out" / "images" / "train" / "x.jpg").is_file()
    assert (tmp_path / "out" / "labels" / "train" / "x.txt").is_file()


def test_links_share_the_bytes_and_a_copy_does_not(tmp_path: Path, source: Path) -> None:
    for link in (True, False):
        out = tmp_path / f"out-{link}"
        with SetFolder(out, link=link) as folder:
            folder.add("train", "a.jpg", source, ROW)
            folder.finish(("x",))
        assert (out / "images" / "train" / "a.jpg").samefile(source) is link
        assert folder.tally[COPIED] == 0


def test_what_cannot_be_linked_is_copied_and_told(
    tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr("os.link", refuse)
    with SetFolder(tmp_path / "out", link=True) as folder:
        folder.add("train", "a.jpg", source, ROW)
        folder.finish(("x",))

    assert folder.tally[COPIED] == 1
    assert (tmp_path / "out" / "images" / "train" / "a.jpg").read_bytes() == b"picture"
