"""Network cameras, over RTSP from a real server."""

import gc
import os
import signal
import socket
import time
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest

from edgedet.errors import AuthenticationError, SourceError
from edgedet.frame import CaptureSource
from edgedet.source.gstreamer import GstSource
from tests.source.conftest import StartCamera
from tests.source.media import OPEN_S, READ_S, make_source

PASSWORD = "p@ss/w:rd #1%"  # noqa: S105 - a made-up one


def take(source: GstSource, count: int) -> list[int]:
    """The numbers of the next `count` frames."""
    numbers: list[int] = []
    while len(numbers) < count:
        frame = source.read(READ_S)
        assert frame is not None
        numbers.append(frame.info.seq)
        frame.close()
    return numbers


def read_until_lost(source: GstSource, timeout_s: float = 20.0) -> SourceError:
    """The error with which the source ends."""
    end_s = time.monotonic() + timeout_s
    while time.monotonic() < end_s:
        try:
            frame = source.read(0.2)
        except SourceError as exc:
            return exc
        if frame is not None:
            frame.close()
    pytest.fail("the camera's end was not noticed")


@pytest.mark.parametrize("options", [(), ("--audio",)])
def test_frames_come_with_and_without_sound(camera: StartCamera, options: tuple[str, ...]) -> None:
    source = make_source(camera(*options).url)
    source.open(OPEN_S)
    frame = source.read(READ_S)
    assert frame is not None
    assert (frame.info.width, frame.info.height) == (640, 480)
    assert frame.info.capture.source is CaptureSource.ARRIVAL
    assert frame.planes[0].max() > 200
    frame.close()
    assert take(source, 10) == list(range(1, 11))
    assert "h264" in source.condition.decoder
    source.close()


def test_right_password_in_the_address_or_in_a_file(camera: StartCamera, tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text(PASSWORD + "\n")
    url = camera("--username", "ad min", "--password-file", str(file)).url
    host = url.removeprefix("rtsp://")
    inline = make_source(f"rtsp://{quote('ad min')}:{quote(PASSWORD, safe='')}@{host}")
    separate = make_source(url, username="ad min", password_file=str(file))
    for source in (inline, separate):
        source.open(OPEN_S)
        take(source, 2)
        source.close()


def test_wrong_or_no_password_is_told_apart_and_not_shown(
    camera: StartCamera, tmp_path: Path
) -> None:
    file = tmp_path / "password"
    file.write_text(PASSWORD)
    url = camera("--username", "admin", "--password-file", str(file)).url
    for uri in (url, url.replace("rtsp://", "rtsp://admin:hunter2@")):
        with pytest.raises(AuthenticationError, match="password_file") as raised:
            make_source(uri).open(OPEN_S)
        assert "hunter2" not in str(raised.value)


def test_wrong_path_and_closed_port_say_so(camera: StartCamera) -> None:
    with pytest.raises(SourceError, match="check the address"):
        make_source(camera().url + "/nothing").open(OPEN_S)
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        uri = f"rtsp://127.0.0.1:{unused.getsockname()[1]}/s"
        with pytest.raises(SourceError, match="reachable"):
            make_source(uri).open(OPEN_S)


def test_silent_server_is_given_up_in_time() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        source = make_source(f"rtsp://127.0.0.1:{server.getsockname()[1]}/s")
        start_s = time.monotonic()
        with pytest.raises(SourceError, match=r"no frame within 0\.5 s"):
            source.open(0.5)
        assert time.monotonic() - start_s < 5.0


def test_camera_that_vanishes_is_noticed_and_read_again_when_back(camera: StartCamera) -> None:
    first = camera()
    source = make_source(first.url)
    source.open(OPEN_S)
    last = take(source, 5)[-1]
    first.kill()
    assert str(read_until_lost(source)).startswith("source 'gate' (rtsp://127.0.0.1:")
    with pytest.raises(SourceError):
        source.open(1.0)
    camera(port=urlsplit(first.url).port or 0)
    source.open(OPEN_S)
    assert take(source, 3)[0] > last
    source.close()


def test_frozen_camera_gives_none_and_closes_at_once(camera: StartCamera) -> None:
    process = camera()
    source = make_source(process.url)
    source.open(OPEN_S)
    take(source, 3)
    os.kill(process.pid, signal.SIGSTOP)
    try:
        end_s = time.monotonic() + 10.0
        while (frame := source.read(0.3)) is not None and time.monotonic() < end_s:
            frame.close()
        assert frame is None
        start_s = time.monotonic()
        source.close()
        assert time.monotonic() - start_s < 5.0
    finally:
        os.kill(process.pid, signal.SIGCONT)


def test_nothing_leaks_over_reconnects(camera: StartCamera) -> None:
    source = make_source(camera().url)

    def cycle() -> int:
        source.open(OPEN_S)
        take(source, 1)
        source.close()
        gc.collect()
        return len(list(Path("/proc/self/fd").iterdir()))

    first = max(cycle() for _ in range(3))
    assert min(cycle() for _ in range(8)) <= first
