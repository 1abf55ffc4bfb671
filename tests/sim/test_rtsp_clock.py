"""The clock of a camera, as its sender reports tell it."""

import doctest
import time
from pathlib import Path

import pytest

from edgedet.sim import rtsp_clock
from edgedet.sim.camera_command import CameraCommand
from edgedet.sim.rtsp_camera import CameraProcess
from edgedet.source.library import load_gstreamer

PATIENCE_S = 20.0
UNIX_FROM_NTP_S = 2_208_988_800


def test_the_example_is_true() -> None:
    assert doctest.testmod(rtsp_clock).failed == 0


def test_other_packets_are_left_alone() -> None:
    assert rtsp_clock.shifted(bytes([128, 201]) + bytes(30), 5.0) is None
    assert rtsp_clock.shifted(bytes([128, 200]), 5.0) is None


def test_reports_of_a_real_camera_are_off_by_what_was_ordered(tmp_path: Path) -> None:
    small = ("--width", "96", "--height", "64", "--fps", "10", "--seconds", "2")
    cache = ("--cache-dir", str(tmp_path))
    with CameraProcess("--pattern", "ball", "--port", "0", *small, *cache) as camera:
        camera.tell(CameraCommand(do="clock", offset_s=1000))
        assert _reported_offset_s(camera.url) == pytest.approx(1000, abs=60)  # a busy machine


def _reported_offset_s(url: str) -> float:
    Gst = load_gstreamer()  # noqa: N806 - the module
    pipeline = Gst.parse_launch(f"rtspsrc name=s protocols=tcp location={url} ! fakesink")
    managers: list[object] = []
    pipeline.get_by_name("s").connect("new-manager", lambda _s, manager: managers.append(manager))
    pipeline.set_state(Gst.State.PLAYING)
    end_s = time.monotonic() + PATIENCE_S
    try:
        while time.monotonic() < end_s:
            time.sleep(0.02)
            for manager in managers:
                session = manager.emit("get-internal-session", 0)  # type: ignore[attr-defined]
                for source in session.get_property("sources") if session else ():
                    _, ntp = source.get_property("stats").get_uint64("sr-ntptime")
                    if ntp:
                        return float(ntp / 2**32 - UNIX_FROM_NTP_S - time.time())
    finally:
        pipeline.set_state(Gst.State.NULL)
    pytest.fail("no sender report came")
