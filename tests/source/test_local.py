"""Names of cameras that stay, and what is said of those that are gone."""

from pathlib import Path

import pytest

from edgedet.source.local import (
    advice_on_device,
    missing_device,
    problem_of_device,
    problem_of_file,
    stable_names,
    unstable_name,
)


@pytest.fixture
def by_id(tmp_path: Path) -> Path:
    """A folder as udev makes it: two nodes of one camera, the second without pictures."""
    folder = tmp_path / "by-id"
    folder.mkdir()
    for number in (0, 1):
        (tmp_path / f"video{number}").touch()
        link = folder / f"usb-046d_HD_Pro_Webcam_C920_5A2F-video-index{number}"
        link.symlink_to(f"../video{number}")
    return folder


def test_names_that_give_pictures_are_listed_with_what_they_stand_for(by_id: Path) -> None:
    name = by_id / "usb-046d_HD_Pro_Webcam_C920_5A2F-video-index0"
    assert stable_names((by_id, by_id / "nothing")) == {name: by_id.parent / "video0"}


def test_a_camera_that_is_gone_is_told_with_those_that_are_there(by_id: Path) -> None:
    problem = problem_of_device(Path("/dev/video7"), (by_id,))
    assert "'/dev/video7' is not there; the cameras here are v4l2://" in problem
    assert "C920_5A2F-video-index0" in problem
    assert problem_of_device(by_id.parent / "video0", (by_id,)) == ""


def test_no_camera_at_all_is_told() -> None:
    assert "nor is any other camera" in missing_device("/dev/video0", {})


def test_a_number_is_warned_of_with_the_name_that_stays(by_id: Path) -> None:
    name = by_id / "usb-x-video-index0"
    assert f"write v4l2://{name}" in unstable_name("/dev/video0", {name: Path("/dev/video0")})
    assert "/dev/v4l/by-id" in unstable_name("/dev/video3", {name: Path("/dev/video0")})
    assert unstable_name(str(name), {name: Path("/dev/video0")}) == ""
    assert unstable_name("/dev/front-door", {}) == ""


def test_what_is_no_file_is_told_apart(tmp_path: Path) -> None:
    file = tmp_path / "a.mkv"
    assert "is not there" in problem_of_file(file)
    assert "is a folder" in problem_of_file(tmp_path)
    assert "no regular file" in problem_of_file(Path("/dev/null"))
    file.touch()
    assert problem_of_file(file) == ""


def test_advice_on_a_number_that_is_gone_says_both(by_id: Path) -> None:
    gone, number = advice_on_device(Path("/dev/video7"), stable_names((by_id,)))
    assert "is not there; the cameras here are" in gone
    assert "may be another camera" in number
    assert advice_on_device(by_id / "usb-046d_HD_Pro_Webcam_C920_5A2F-video-index0", {}) == []
