"""MOTChallenge ground truth: ignored rows, clipping, frame ranges."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from edgedet.errors import DataError
from train.data.dataset import read_data_yaml
from train.data.mot import FrameRange, ingest_mot, read_mot, to_labels


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


RANGES = [FrameRange("train", 1, 4), FrameRange("val", 5, 6)]


def test_writes_a_data_set_that_reads_back(tmp_path: Path, video: Path, truth: Path) -> None:
    summary = ingest_mot(video, truth, RANGES, "person", tmp_path / "set")
    spec = read_data_yaml(tmp_path / "set" / "data.yaml")
    assert spec.class_names == ("person",)
    train, val = spec.samples("train"), spec.samples("val")
    assert [sample.path.stem for sample in train] == ["000001", "000002", "000003", "000004"]
    assert np.allclose(train[0].labels, [[0, 0.25, 0.5, 0.25, 0.5]])
    assert [len(sample.labels) for sample in train + val] == [1, 0, 1, 0, 0, 0]
    assert (summary.images, summary.objects, summary.ignored_rows) == (6, 2, 1)
    assert (summary.outside_boxes, summary.clipped_boxes) == (1, 1)


def test_frame_k_is_the_kth_decoded_frame(tmp_path: Path, video: Path, truth: Path) -> None:
    ingest_mot(video, truth, RANGES, "person", tmp_path / "set")
    for number in range(1, 7):
        (path,) = (tmp_path / "set").rglob(f"{number:06d}.jpg")
        image = cv2.imread(str(path))
        assert image is not None
        assert abs(float(image.mean()) - 40 * (number - 1)) < 6


def test_clips_a_box_at_the_border() -> None:
    labels, left_out, clipped = to_labels([np.array([-8.0, 12, 16, 24])], (48, 64))
    assert np.allclose(labels, [[0, 4 / 64, 0.5, 8 / 64, 0.5]])
    assert (left_out, clipped) == (0, 1)


def test_refuses_a_folder_in_use(tmp_path: Path, video: Path, truth: Path) -> None:
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "notes.txt").touch()
    with pytest.raises(DataError, match="is not empty"):
        ingest_mot(video, truth, RANGES, "person", tmp_path / "set")


def test_refuses_a_range_beyond_the_video(tmp_path: Path, video: Path, truth: Path) -> None:
    with pytest.raises(DataError, match="ends after 6 frames, frame 9 was asked for"):
        ingest_mot(video, truth, [FrameRange("train", 1, 9)], "person", tmp_path / "set")


def test_refuses_overlapping_ranges(tmp_path: Path, video: Path, truth: Path) -> None:
    ranges = [FrameRange("train", 1, 4), FrameRange("val", 4, 6)]
    with pytest.raises(DataError, match="overlap"):
        ingest_mot(video, truth, ranges, "person", tmp_path / "set")


@pytest.mark.parametrize(
    "text", ["train", "train=5", "train=5-3", "train=0-3", "dev=1-3", "train=a-b"]
)
def test_refuses_a_range_of_another_form(text: str) -> None:
    with pytest.raises(DataError, match="split"):
        FrameRange.parse(text)


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("1,1,8,12,16", "5 columns"),
        ("0,1,8,12,16,24,1", "frame 0"),
        ("1,1,8,12,0,24,1", "positive size"),
        ("1,1,8,x,16,24,1", "not a row of numbers"),
    ],
)
def test_refuses_a_wrong_row_with_its_place(tmp_path: Path, row: str, told: str) -> None:
    path = tmp_path / "gt.txt"
    path.write_text(f"1,1,8,12,16,24,1\n{row}\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"gt\.txt:2") as caught:
        read_mot(path)
    assert told in str(caught.value)


@pytest.mark.realdata
def test_reads_the_ground_truth_of_pets09(test_data: Path) -> None:
    boxes, ignored = read_mot(test_data / "pets09" / "gt_frames_0001_0600.txt")
    assert sum(map(len, boxes.values())) == 3121
    assert ignored == 174
