from pathlib import Path

import cv2
import numpy as np
import pytest

from edgedet.errors import DataError, UsageError
from train.evaluate.frames import open_source


def picture(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.full((20, 30, 3), (10, 20, 200), np.uint8))
    return path


def video(path: Path, frames: int = 3) -> Path:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 12.0, (64, 48))
    for number in range(frames):
        writer.write(np.full((48, 64, 3), 80 * number, np.uint8))
    writer.release()
    return path


def refuse(error: DataError) -> None:
    raise error


def test_a_folder_gives_its_pictures_sorted_and_those_of_folders_in_it(tmp_path: Path) -> None:
    for name in ("b.png", "a.jpg", "deep/c.PNG", "notes.txt"):
        picture(tmp_path / name) if name != "notes.txt" else (tmp_path / name).write_text("x")
    source = open_source(str(tmp_path))
    frames = list(source.read(refuse))

    assert (source.total, source.video) == (3, None)
    assert [frame.name.as_posix() for frame in frames] == ["a.jpg", "b.png", "deep/c.PNG"]
    assert frames[1].image_hwc[0, 0].tolist() == [200, 20, 10]


def test_one_picture_is_a_source(tmp_path: Path) -> None:
    (frame,) = open_source(str(picture(tmp_path / "a.png"))).read(refuse)

    assert (frame.name, frame.number, frame.image_hwc.shape) == (Path("a.png"), 0, (20, 30, 3))


def test_a_video_gives_every_frame(tmp_path: Path) -> None:
    source = open_source(str(video(tmp_path / "v.avi")))
    frames = list(source.read(refuse))

    assert (source.total, source.fps) == (3, 12.0)
    assert [frame.number for frame in frames] == [0, 1, 2]
    assert abs(int(frames[2].image_hwc[0, 0, 0]) - 160) < 5


def test_a_picture_that_cannot_be_decoded_is_left_out_and_told(tmp_path: Path) -> None:
    picture(tmp_path / "b.png")
    (tmp_path / "a.png").write_bytes(b"no picture")
    told: list[DataError] = []

    assert [f.name.name for f in open_source(str(tmp_path)).read(told.append)] == ["b.png"]
    assert [str(error) for error in told] == [
        f"cannot decode picture {tmp_path / 'a.png'}; remove it or replace it"
    ]


@pytest.mark.parametrize("source", ["rtsp://camera/1", "0"])
def test_what_has_no_end_is_refused(source: str) -> None:
    with pytest.raises(UsageError, match="edgedet run"):
        open_source(source)


def test_what_is_not_there_or_holds_nothing_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file or folder"):
        open_source(str(tmp_path / "nothing"))
    with pytest.raises(DataError, match="no pictures in"):
        open_source(str(tmp_path))
    (tmp_path / "bad.mp4").write_bytes(b"no video")
    with pytest.raises(DataError, match=r"cannot read .*bad\.mp4"):
        open_source(str(tmp_path / "bad.mp4"))
