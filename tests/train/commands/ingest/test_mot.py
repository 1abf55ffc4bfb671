"""`train ingest`: a video and its annotations become a data set that the rest of train reads."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.train.console import call
from train.data.dataset import read_data_yaml

FRAMES, SIZE_HW = 6, (48, 64)


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("video") / "clip.avi"
    size_wh = SIZE_HW[::-1]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, size_wh)
    for number in range(FRAMES):
        writer.write(np.full((*SIZE_HW, 3), 40 * number, dtype=np.uint8))
    writer.release()
    return path


@pytest.fixture(scope="module")
def truth(video: Path) -> Path:
    """Frame 2 has a row to ignore, frame 3 none, frame 4 a box that is cut, frame 5 one outside."""
    path = video.with_name("gt.txt")
    path.write_text(
        "1,1,16,12,32,24,1\n2,1,16,12,32,24,0\n2,2,0,0,16,12,1\n4,1,48,0,32,24,1\n5,1,90,0,9,9,1\n",
        encoding="utf-8",
    )
    return path


def ingest(video: Path, truth: Path, out: Path, *splits: str) -> int:
    options = [part for split in splits for part in ("--split", split)]
    return call("ingest", "mot", "--video", video, "--gt", truth, "--out", out, *options)


def test_makes_a_set_and_tells_what_was_left_out(
    video: Path, truth: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ingest(video, truth, tmp_path / "out", "train=1-4", "val=5-6") == 0
    spec = read_data_yaml(tmp_path / "out" / "data.yaml")
    train, val = spec.samples("train"), spec.samples("val")

    assert spec.class_names == ("person",)
    assert [len(sample.labels) for sample in (*train, *val)] == [1, 1, 0, 1, 0, 0]
    assert train[0].labels[0].tolist() == [0, 0.5, 0.5, 0.5, 0.5]
    assert [round(float(sample.load().mean()), -1) for sample in train] == [0, 40, 80, 120]
    told = capsys.readouterr().err
    assert "6 pictures, 3 objects; 1 rows ignored (flag 0), 1 boxes left out" in told
    assert "1 clipped" in told


@pytest.mark.parametrize(
    ("splits", "told", "code"),
    [
        (("train=1-4", "val=4-5"), "--split train=1-4 and val=4-5 overlap", 2),
        (("train=1-99",), "ends after 6 frames, frame 99 was asked for", 1),
        (("train=0-3",), "expected 1 <= first <= last", 2),
        (("all=1-3",), "is not a split; expected for example train=1-500", 2),
        (("train=3-3",), "has no object in the frames asked for", 1),
    ],
)
def test_ranges_that_do_not_fit_are_refused(
    video: Path,
    truth: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    splits: tuple[str, ...],
    told: str,
    code: int,
) -> None:
    assert ingest(video, truth, tmp_path / "out", *splits) == code
    assert told in capsys.readouterr().err
    assert not (tmp_path / "out" / "data.yaml").exists()


def test_a_folder_in_use_is_refused(
    video: Path, truth: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine").touch()

    assert ingest(video, truth, tmp_path, "train=1-2") == 1
    assert "is not empty; choose another one" in capsys.readouterr().err


def test_a_video_that_is_none_is_told(
    truth: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ingest(tmp_path / "none.avi", truth, tmp_path / "out", "train=1-2") == 1
    assert "cannot open video" in capsys.readouterr().err
