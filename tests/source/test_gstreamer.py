"""Files and test pictures as sources."""

import os
import shutil
import time
from itertools import pairwise
from pathlib import Path
from urllib.parse import quote

import cv2
import numpy as np
import pytest

from edgedet.errors import DecoderError, SourceError
from edgedet.frame import CaptureSource
from edgedet.source import create_source
from edgedet.source.base import EndOfStreamError
from edgedet.vision.pixels import to_rgb
from tests.source.media import (
    OPEN_S,
    READ_S,
    count_frames,
    fast,
    make_source,
    make_video,
    read,
)


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.avi", "a.ts"])
def test_every_frame_of_a_file_comes_once_and_in_order(tmp_path: Path, name: str) -> None:
    assert count_frames(fast(make_video(tmp_path / name, frames=60))) == 60


def test_names_with_spaces_and_marks_are_found(tmp_path: Path) -> None:
    path = make_video(tmp_path / "plain.mkv").rename(tmp_path / 'a b%20ü !"#?.mkv')
    assert count_frames(make_source("file://" + quote(str(path)), realtime=False)) == 30


def test_file_times_are_opening_plus_position(tmp_path: Path) -> None:
    source = fast(make_video(tmp_path / "a.mkv"))
    source.open(OPEN_S)
    first, second = read(source).info, read(source).info
    source.close()
    assert (first.width, first.height, first.seq, second.seq) == (160, 120, 0, 1)
    assert first.pts_ns is not None
    assert second.pts_ns is not None
    assert second.pts_ns - first.pts_ns == pytest.approx(40e6, abs=1e6)
    assert first.capture.source is CaptureSource.FILE
    assert (second.capture.utc - first.capture.utc).total_seconds() == pytest.approx(0.04, abs=2e-3)


def test_real_time_file_takes_its_time(tmp_path: Path) -> None:
    source = make_source(f"file://{make_video(tmp_path / 'a.mkv', frames=20)}")
    start_s = time.monotonic()
    assert count_frames(source) == 20
    assert time.monotonic() - start_s > 0.7  # 19 intervals of 40 ms


def test_loop_goes_on_with_growing_times(tmp_path: Path) -> None:
    source = fast(make_video(tmp_path / "a.mkv", frames=10), loop=True)
    assert count_frames(source, limit=35) == 35


def test_numbers_go_on_over_reopening_and_decoder_is_known(tmp_path: Path) -> None:
    source = fast(make_video(tmp_path / "a.mkv", frames=5))
    assert source.condition.decoder == ""
    assert count_frames(source) == 5
    assert source.condition.decoder in {"avdec_h264", "openh264dec", "nvv4l2decoder"}
    source.open(OPEN_S)
    assert read(source).info.seq == 5
    source.close()
    source.close()


def test_end_is_told_again_and_reading_unopened_fails(tmp_path: Path) -> None:
    source = fast(make_video(tmp_path / "a.mkv", frames=3))
    with pytest.raises(SourceError, match="read before open"):
        source.read(0.1)
    source.open(OPEN_S)
    for _ in range(3):
        read(source).close()
    for _ in range(2):
        with pytest.raises(EndOfStreamError, match="after 3 frames"):
            source.read(READ_S)
    source.close()


def test_truncated_file_ends_early(tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.mkv", frames=60)
    os.truncate(path, path.stat().st_size // 2)
    assert 15 < count_frames(fast(path)) < 45


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"this is no video\n" * 100, "text file"),
        (b"", "no data"),
        (np.random.default_rng(0).bytes(30_000), "type of stream"),
    ],
)
def test_what_is_no_video_is_refused(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "clip.avi"
    path.write_bytes(content)
    with pytest.raises(DecoderError, match=words):
        fast(path).open(OPEN_S)


def test_missing_files_and_folders_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="is not there"):
        fast(tmp_path / "missing.avi").open(OPEN_S)
    with pytest.raises(SourceError, match="is a folder"):
        fast(tmp_path).open(OPEN_S)


def test_missing_device_is_told() -> None:
    with pytest.raises(SourceError, match=r"/dev/video77"):
        make_source("v4l2:///dev/video77").open(OPEN_S)


def test_failed_open_can_be_repeated(tmp_path: Path) -> None:
    source = fast(tmp_path / "a.mkv")
    with pytest.raises(SourceError):
        source.open(OPEN_S)
    make_video(tmp_path / "a.mkv", frames=4)
    assert count_frames(source) == 4


def test_finite_pattern_ends_with_its_own_size_and_pace() -> None:
    source = make_source("test://smpte?frames=12&fps=50&width=64&height=48")
    source.open(OPEN_S)
    frames = [read(source) for _ in range(12)]
    with pytest.raises(EndOfStreamError):
        source.read(READ_S)
    source.close()
    assert frames[0].planes[0].shape == (48, 64)
    assert frames[0].info.capture.source is CaptureSource.ARRIVAL
    assert source.condition.decoder == "raw"
    assert all(b.info.arrival_s >= a.info.arrival_s for a, b in pairwise(frames))


def test_no_frame_in_time_is_none() -> None:
    source = make_source("test://ball?fps=1")
    source.open(OPEN_S)
    read(source).close()
    start_s = time.monotonic()
    assert source.read(0.05) is None
    assert time.monotonic() - start_s < 1.0
    source.close()


@pytest.mark.realdata
def test_street_scene_is_what_opencv_decodes(test_data: Path, tmp_path: Path) -> None:
    path = tmp_path / "street scene.avi"
    shutil.copy(test_data / "pets09" / "vtest.avi", path)
    source, video = fast(path), cv2.VideoCapture(str(path))
    source.open(OPEN_S)
    count, worst = 0, 0.0
    try:
        while True:
            frame = read(source)
            found, bgr = video.read()
            assert found
            if count % 50 == 0:
                difference = np.abs(to_rgb(frame).astype(int) - bgr[..., ::-1])
                worst = max(worst, float(difference.mean()))
            frame.close()
            count += 1
    except EndOfStreamError:
        pass
    source.close()
    video.release()
    assert count == 795
    # the same decoder; OpenCV's colour conversion (swscale) rounds and interpolates differently
    assert worst < 1.5


def test_the_factory_gives_an_unopened_source() -> None:
    source = make_source("test://ball")
    made = create_source(source._settings, source._clock)
    made.close()
    assert made.condition.decoder == ""
