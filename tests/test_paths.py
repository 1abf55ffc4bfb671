"""What is at a path is told in words, whatever the path."""

from pathlib import Path

import pytest

from edgedet.paths import in_the_way, is_there, problem_of_file, problem_of_folder, problem_of_path

ENDLESS = Path("/" + "x/" * 5000)


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        (Path("/srv/clips/dock.avi"), ""),
        (Path("x" * 255), ""),
        (Path("a\0b"), "a path cannot hold a NUL character"),
        (Path("ä" * 128), "a name in the path has 256 bytes; expected at most 255"),
        (ENDLESS, "the path has 10000 bytes; expected at most 1024"),
    ],
)
def test_paths_that_can_be(path: Path, problem: str) -> None:
    assert problem_of_path(path) == problem


def test_a_file_and_a_folder(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.touch()
    assert (problem_of_file(file), problem_of_folder(file)) == ("", "is no folder")
    assert (problem_of_file(tmp_path), problem_of_folder(tmp_path)) == ("is a folder", "")
    assert problem_of_file(Path("/dev/null")) == "is no regular file"
    assert is_there(file)


def test_what_cannot_be_looked_at_is_told(tmp_path: Path) -> None:
    circle = tmp_path / "circle"
    circle.symlink_to(circle)
    for path in (circle / "a", ENDLESS, Path("a\0b")):
        assert problem_of_file(path).startswith("cannot be looked at (")
        assert problem_of_folder(path).startswith("cannot be looked at (")
        assert not is_there(path)


def test_what_is_in_the_way_of_a_folder(tmp_path: Path) -> None:
    file = tmp_path / "a"
    assert in_the_way(file / "b" / "c") is None
    file.touch()
    assert in_the_way(file / "b" / "c") == file
    assert in_the_way(file) == file
    assert in_the_way(tmp_path) is None
    assert in_the_way(ENDLESS) is None
