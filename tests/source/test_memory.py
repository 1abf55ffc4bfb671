"""Pictures in the decoder's own memory."""

import gc
import threading
from pathlib import Path

import numpy as np
import pytest

from edgedet.vision.pixels import to_rgb
from tests.source.media import (
    OPEN_S,
    fast,
    make_video,
    read,
    run,
)


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
