"""Finding pictures by names that were written on another machine."""

from pathlib import Path

import pytest

from edgedet.errors import DataError
from train.data.ingest.files import PictureFiles


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a.jpg", "sub/b.jpg", "sub/twice.jpg", "other/twice.jpg", "x y ü.png"):
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / name).touch()
    (tmp_path / "out.jpg").touch()
    return tmp_path / "in"


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("a.jpg", "a.jpg"),
        ("sub/b.jpg", "sub/b.jpg"),
        ("b.jpg", "sub/b.jpg"),
        ("sub\\b.jpg", "sub/b.jpg"),
        ("C:\\data\\sub\\b.jpg", "sub/b.jpg"),
        ("/home/me/pictures/b.jpg", "sub/b.jpg"),
        ("x y ü.png", "x y ü.png"),
        ("sub/twice.jpg", "sub/twice.jpg"),
        ("twice.jpg", None),
        ("../out.jpg", None),
        ("none.jpg", None),
        ("..", None),
        ("x" * 400, None),
    ],
)
def test_finds_by_path_or_by_a_name_that_is_there_once(
    folder: Path, name: str, found: str | None
) -> None:
    files = PictureFiles(folder)
    place = files.find(name)

    assert place == (None if found is None else folder / found)
    assert place is None or files.name_of(place) == found


def test_finds_by_stem(folder: Path) -> None:
    assert PictureFiles(folder).find_stem("b") == folder / "sub" / "b.jpg"
    assert PictureFiles(folder).find_stem("twice") is None


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"folder of pictures .* is not there"):
        PictureFiles(tmp_path / "none")
