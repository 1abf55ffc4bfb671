"""The stream that a simulated camera serves."""

import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from edgedet.errors import AuthenticationError, SimError, SourceError
from edgedet.sim.camera_command import CameraCommand
from edgedet.sim.rtsp_camera import CameraProcess
from edgedet.source.gstreamer import GstSource
from tests.brokers import wait_until
from tests.source.media import OPEN_S, READ_S, make_source, make_video, read

TIMEOUT_S = 20.0


def test_loop_has_no_seam(tmp_path: Path) -> None:
    file = make_video(tmp_path / "a.avi", frames=15)
    with CameraProcess(str(file), "--port", "0", "--cache-dir", str(tmp_path)) as camera:
        source = make_source(camera.url)
        source.open(OPEN_S)
        times = []
        for _ in range(40):  # more than two rounds
            frame = source.read(READ_S)
            assert frame is not None
            assert frame.info.pts_ns is not None
            times.append(frame.info.pts_ns / 1e9)
            frame.close()
        source.close()
    # a seam would lead back by the length of the file; its clock may set a frame back by less
    assert all(after > before - 0.04 for before, after in pairwise(times)), times
    assert (times[-1] - times[0]) / 39 == pytest.approx(0.04, rel=0.5)  # 25 a second


def test_two_readers_share_one_stream(tmp_path: Path) -> None:
    with CameraProcess("--pattern", "ball", "--port", "0", "--cache-dir", str(tmp_path)) as camera:
        sources = [make_source(camera.url) for _ in range(2)]
        for source in sources:
            source.open(OPEN_S)
        for source in sources:
            frame = source.read(READ_S)
            assert frame is not None
            frame.close()
            source.close()


SMALL = ("--width", "96", "--height", "64", "--fps", "20", "--seconds", "2")


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Callable[..., CameraProcess]]:
    """Starts cameras with a small picture."""
    running: list[CameraProcess] = []

    def start(*arguments: str) -> CameraProcess:
        cache = ("--cache-dir", str(tmp_path))
        running.append(
            CameraProcess("--pattern", "ball", "--port", "0", *SMALL, *cache, *arguments)
        )
        return running[-1]

    yield start
    for camera in running:
        camera.stop()


def _pictures(source: GstSource, count: int) -> list[bytes]:
    pictures = []
    for _ in range(count):
        frame = read(source)
        pictures.append(frame.planes[0].tobytes())
        frame.close()
    return pictures


def _tell(camera: CameraProcess, **order: object) -> None:
    camera.tell(CameraCommand.model_validate(order))


def _has_ended(source: GstSource) -> bool:
    try:
        frame = source.read(0.1)
    except SourceError:
        return True
    if frame is not None:
        frame.close()
    return False


def test_picture_freezes_changes_and_stalls_to_order(small: Callable[..., CameraProcess]) -> None:
    camera = small()
    source = make_source(camera.url)
    source.open(OPEN_S)
    assert len(set(_pictures(source, 8))) > 4

    _tell(camera, do="freeze")
    assert wait_until(lambda: len(set(_pictures(source, 8))) == 1, TIMEOUT_S)
    _tell(camera, do="flow")
    assert wait_until(lambda: len(set(_pictures(source, 8))) > 4, TIMEOUT_S)
    _tell(camera, do="show", pattern="black", width=160, height=120)
    assert wait_until(lambda: len(_pictures(source, 1)[0]) == 160 * 120, TIMEOUT_S)
    assert max(_pictures(source, 1)[0]) < 30
    _tell(camera, do="stall")
    assert wait_until(lambda: source.read(0.5) is None, TIMEOUT_S)
    source.close()


def test_hangs_up_stays_away_and_comes_back(small: Callable[..., CameraProcess]) -> None:
    camera = small()
    source = make_source(camera.url)
    for deed in ("drop", "off"):
        source.open(OPEN_S)
        _tell(camera, do=deed)
        assert wait_until(lambda: _has_ended(source), TIMEOUT_S)
    with pytest.raises(SourceError):
        source.open(1.0)
    _tell(camera, do="on")
    _tell(camera, do="show", codec="jpeg")
    source.open(OPEN_S)
    _pictures(source, 2)
    source.close()


def test_password_asked_for_later_is_asked_of_the_next(small: Callable[..., CameraProcess]) -> None:
    camera = small()
    _tell(camera, do="password", username="viewer", password="s3cret")  # noqa: S106
    with pytest.raises(AuthenticationError):
        make_source(camera.url).open(OPEN_S)


def test_slow_setup_takes_its_time(small: Callable[..., CameraProcess]) -> None:
    camera = small()
    _tell(camera, do="slow", request="setup", by_s=0.4)
    source = make_source(camera.url)
    begin_s = time.monotonic()
    source.open(OPEN_S)
    assert time.monotonic() - begin_s >= 0.4
    source.close()


def test_begins_behind_a_key_frame(small: Callable[..., CameraProcess]) -> None:
    camera = small("--mid-gop", "--key-interval", "1")
    source = make_source(camera.url)
    begin_s = time.monotonic()
    source.open(OPEN_S)
    assert time.monotonic() - begin_s > 0.5  # nothing can be decoded before the next one
    source.close()


def test_orders_that_cannot_be_followed_are_told(small: Callable[..., CameraProcess]) -> None:
    camera = small()
    with pytest.raises(SimError, match="no test pattern 'nope'"):
        _tell(camera, do="show", pattern="nope")
    camera.kill()
    with pytest.raises(SimError, match="does not answer"):
        _tell(camera, do="drop")
