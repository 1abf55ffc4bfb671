"""MOTChallenge ground truth: ignored rows, clipping, frame ranges."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from edgedet.errors import DataError, UsageError
from train.data.dataset import read_data_yaml
from train.data.ingest.annotated import CLIPPED, OUTSIDE
from train.data.ingest.mot import FrameRange, ingest_mot
from train.data.ingest.mot_rows import IGNORED, TruthClasses


@pytest.fixture
def video(tmp_path: Path) -> Path:
    """Six frames of 64 x 48, each of one grey."""
    path = tmp_path / "clip.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, (64, 48))
    assert writer.isOpened()
    for number in range(6):
        writer.write(np.full((48, 64, 3), 40 * number, dtype=np.uint8))
    writer.release()
    return path


@pytest.fixture
def truth(tmp_path: Path) -> Path:
    path = tmp_path / "gt.txt"
    rows = [
        "1,1,8,12,16,24,1,-1,-1,-1",
        "1,2,8,12,16,24,0,-1,-1,-1",
        "3,1,-8,12,16,24,1,-1,-1,-1",
        "5,1,-15,12,16,24,1,-1,-1,-1",
    ]
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


PERSON = TruthClasses(("person",))
RANGES = [FrameRange("train", 1, 4), FrameRange("val", 5, 6)]


def test_writes_a_data_set_that_reads_back(tmp_path: Path, video: Path, truth: Path) -> None:
    summary = ingest_mot(video, truth, RANGES, PERSON, tmp_path / "set")
    spec = read_data_yaml(tmp_path / "set" / "data.yaml")
    assert spec.class_names == ("person",)
    train, val = spec.samples("train"), spec.samples("val")
    assert [sample.path.stem for sample in train] == ["000001", "000002", "000003", "000004"]
    assert np.allclose(train[0].labels, [[0, 0.25, 0.5, 0.25, 0.5]])
    assert [len(sample.labels) for sample in train + val] == [1, 0, 1, 0, 0, 0]
    assert (sum(summary.images.values()), summary.total_objects) == (6, 2)
    assert summary.tally == {IGNORED: 1, OUTSIDE: 1, CLIPPED: 1}


def test_frame_k_is_the_kth_decoded_frame(tmp_path: Path, video: Path, truth: Path) -> None:
    ingest_mot(video, truth, RANGES, PERSON, tmp_path / "set")
    for number in range(1, 7):
        (path,) = (tmp_path / "set").rglob(f"{number:06d}.jpg")
        image = cv2.imread(str(path))
        assert image is not None
        assert abs(float(image.mean()) - 40 * (number - 1)) < 6


def test_takes_every_second_frame(tmp_path: Path, video: Path, truth: Path) -> None:
    ranges = [FrameRange.parse("train=1-5/2"), FrameRange.parse("val=2-6/2")]
    ingest_mot(video, truth, ranges, PERSON, tmp_path / "set")
    for split, numbers in (("train", "135"), ("val", "246")):
        found = sorted(path.stem for path in (tmp_path / "set" / "images" / split).iterdir())
        assert found == [f"00000{number}" for number in numbers]
    image = cv2.imread(str(tmp_path / "set" / "images" / "train" / "000005.jpg"))
    assert image is not None
    assert abs(float(image.mean()) - 160) < 6


def test_refuses_a_folder_in_use(tmp_path: Path, video: Path, truth: Path) -> None:
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "notes.txt").touch()
    with pytest.raises(DataError, match="is not empty"):
        ingest_mot(video, truth, RANGES, PERSON, tmp_path / "set")


def test_refuses_a_range_beyond_the_video(tmp_path: Path, video: Path, truth: Path) -> None:
    with pytest.raises(DataError, match="ends after 6 frames, frame 9 was asked for"):
        ingest_mot(video, truth, [FrameRange("train", 1, 9)], PERSON, tmp_path / "set")


def test_refuses_overlapping_ranges(tmp_path: Path, video: Path, truth: Path) -> None:
    ranges = [FrameRange("train", 1, 4), FrameRange("val", 4, 6)]
    with pytest.raises(UsageError, match="overlap"):
        ingest_mot(video, truth, ranges, PERSON, tmp_path / "set")


@pytest.mark.parametrize(
    "text",
    [
        "train",
        "train=5",
        "train=5-3",
        "train=0-3",
        "dev=1-3",
        "train=a-b",
        "train=1-3/0",
        "train=1-3/",
    ],
)
def test_refuses_a_range_of_another_form(text: str) -> None:
    with pytest.raises(UsageError, match="split"):
        FrameRange.parse(text)
