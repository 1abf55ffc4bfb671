"""Files and test pictures through real pipelines."""

import gc
import os
import shutil
import subprocess
import sys
import threading
import time
from itertools import pairwise
from pathlib import Path
from urllib.parse import quote

import cv2
import numpy as np
import pytest

from edgedet.errors import DecoderError, SourceError
from edgedet.frame import CaptureSource, Frame, PixelFormat
from edgedet.source import create_source
from edgedet.source.base import EndOfStreamError
from edgedet.source.gstreamer import GstSource
from edgedet.vision.pixels import to_rgb
from tests.source.media import (
    OPEN_S,
    READ_S,
    count_frames,
    fast,
    make_source,
    make_video,
    run,
)


def read(source: GstSource) -> Frame:
    frame = source.read(READ_S)
    assert frame is not None
    return frame


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.avi", "a.ts"])
def test_every_frame_of_a_file_comes_once_and_in_order(tmp_path: Path, name: str) -> None:
    assert count_frames(fast(make_video(tmp_path / name, frames=60))) == 60


def test_names_with_spaces_and_marks_are_found(tmp_path: Path) -> None:
    path = make_video(tmp_path / "plain.mkv").rename(tmp_path / 'a b%20ü !"#?.mkv')
    assert count_frames(make_source("file://" + quote(str(path)), realtime=False)) == 30


@pytest.mark.parametrize(
    ("encoder", "expected"),
    [
        ("jpegenc", PixelFormat.I420),
        ("videoconvert ! video/x-raw,format=Y42B ! x264enc ! h264parse", PixelFormat.I420),
        ("videoconvert ! video/x-raw,format=I420_10LE ! x264enc ! h264parse", PixelFormat.I420),
        ("videoconvert ! video/x-raw,format=GRAY8", PixelFormat.GRAY8),
        ("videoconvert ! video/x-raw,format=RGB", PixelFormat.RGB),
        ("videoconvert ! video/x-raw,format=YUY2", PixelFormat.I420),
    ],
)
def test_usual_formats_pass_and_others_become_i420(
    tmp_path: Path, encoder: str, expected: PixelFormat
) -> None:
    source = fast(make_video(tmp_path / "a.mkv", frames=10, encoder=encoder))
    source.open(OPEN_S)
    frame = read(source)
    assert frame.pixel_format is expected
    frame.close()
    source.close()
    assert count_frames(source) == 10


@pytest.mark.parametrize("size", [(161, 121), (160, 120), (162, 90), (67, 35)])
def test_pictures_of_odd_sizes_have_the_right_pixels(tmp_path: Path, size: tuple[int, int]) -> None:
    width, height = size
    path = tmp_path / "a.mkv"
    run(
        f"videotestsrc pattern=smpte75 num-buffers=2 ! video/x-raw,format=I420,width={width}"
        f",height={height},framerate=25/1 ! jpegenc quality=95 ! matroskamux"
        f' ! filesink location="{path}"'
    )
    source = fast(path)
    source.open(OPEN_S)
    frame = read(source)
    rgb = to_rgb(frame)
    half = ((height + 1) // 2, (width + 1) // 2)
    assert [plane.shape for plane in frame.planes] == [(height, width), half, half]
    # the first two bars are grey and yellow, 75 %
    assert np.abs(rgb[height // 4, width // 14].astype(int) - (191, 191, 191)).max() < 14
    assert np.abs(rgb[height // 4, width * 3 // 14].astype(int) - (191, 191, 0)).max() < 14
    frame.close()
    source.close()


def test_planes_are_read_only_views_without_a_copy(tmp_path: Path) -> None:
    source = fast(make_video(tmp_path / "a.mkv"))
    source.open(OPEN_S)
    frame = read(source)
    assert not any(plane.flags.owndata or plane.flags.writeable for plane in frame.planes)
    frame.close()
    source.close()


def test_frames_outlive_the_source_and_close_twice_from_two_threads(tmp_path: Path) -> None:
    source = fast(make_video(tmp_path / "a.mkv"))
    source.open(OPEN_S)
    frames = [read(source) for _ in range(12)]
    source.close()
    gc.collect()
    assert all(int(frame.planes[0].max()) > 200 for frame in frames)  # the white ball

    def close_all() -> None:
        for frame in frames:
            frame.close()

    threads = [threading.Thread(target=close_all) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_forgotten_frames_give_their_memory_back(tmp_path: Path) -> None:
    source = fast(make_video(tmp_path / "a.mkv"))
    source.open(OPEN_S)
    plane = read(source).planes[0]  # the frame is gone, its plane is not
    gc.collect()
    assert int(plane.max()) > 200
    source.close()


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
    assert source.decoder == ""
    assert count_frames(source) == 5
    assert source.decoder in {"avdec_h264", "openh264dec", "nvv4l2decoder"}
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


def test_audio_track_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "a.mkv"
    run(
        "audiotestsrc num-buffers=40 ! vorbisenc ! mux."
        " videotestsrc num-buffers=20 ! video/x-raw,width=160,height=120,framerate=25/1"
        f' ! x264enc ! matroskamux name=mux ! filesink location="{path}"'
    )
    assert count_frames(fast(path)) == 20


def test_truncated_file_ends_early(tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.mkv", frames=60)
    os.truncate(path, path.stat().st_size // 2)
    assert 15 < count_frames(fast(path)) < 45


def test_damage_in_the_middle_kills_nothing(tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.avi", frames=60)
    content = bytearray(path.read_bytes())
    third = len(content) // 3
    content[third : third + 500] = np.random.default_rng(1).bytes(500)
    path.write_bytes(content)
    assert 30 < count_frames(fast(path)) <= 60


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


def test_unknown_codec_is_named_at_once(tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.mkv")
    path.write_bytes(path.read_bytes().replace(b"V_MPEG4/ISO/AVC", b"V_MPEG9/ISO/XYZ"))
    start_s = time.monotonic()
    with pytest.raises(DecoderError, match=r"source 'gate' .*no decoder for .*install"):
        fast(path).open(OPEN_S)
    assert time.monotonic() - start_s < OPEN_S / 2


def test_sound_alone_is_no_video(tmp_path: Path) -> None:
    path = tmp_path / "a.mkv"
    run(f'audiotestsrc num-buffers=40 ! vorbisenc ! matroskamux ! filesink location="{path}"')
    with pytest.raises(DecoderError, match="no video track"):
        fast(path).open(OPEN_S)


def test_missing_files_and_folders_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="does not exist"):
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
    assert source.decoder == "raw"
    assert all(b.info.arrival_s >= a.info.arrival_s for a, b in pairwise(frames))


def test_no_frame_in_time_is_none() -> None:
    source = make_source("test://ball?fps=1")
    source.open(OPEN_S)
    read(source).close()
    start_s = time.monotonic()
    assert source.read(0.05) is None
    assert time.monotonic() - start_s < 1.0
    source.close()


def test_nothing_leaks_over_many_openings(tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.mkv", frames=5)

    def cycle() -> None:
        source = fast(path)
        source.open(OPEN_S)
        read(source)
        source.close()

    for _ in range(10):
        cycle()
    before = _resources()
    for _ in range(100):
        cycle()
    files, threads, kilobytes = (
        after - first for after, first in zip(_resources(), before, strict=True)
    )
    assert files <= 0
    assert threads <= 1  # a thread of GStreamer's own pool may be on its way out
    assert kilobytes < 4000


def test_everything_but_opening_works_without_gi() -> None:
    code = (
        "import sys; sys.modules['gi'] = None\n"
        "from edgedet.source import create_source\n"
        "from edgedet.config.source import SourceSettings\n"
        "from edgedet.clock import SystemClock\n"
        "source = create_source(SourceSettings(id='gate', uri='test://ball'), SystemClock())\n"
        "try: source.open(1.0)\n"
        "except Exception as exc: print(type(exc).__name__, exc)\n"
    )
    output = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=50
    ).stdout
    assert output.startswith("SourceError GStreamer's Python bindings are missing")
    assert "python3-gi" in output


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
    assert made.decoder == ""


def _resources() -> tuple[int, int, int]:
    """Open files, native threads and resident kilobytes of this process."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return (
        len(list(Path("/proc/self/fd").iterdir())),
        len(list(Path("/proc/self/task").iterdir())),
        pages * os.sysconf("SC_PAGE_SIZE") // 1024,
    )
