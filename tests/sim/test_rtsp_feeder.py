"""Which frame comes next, in every mood of the camera."""

import pytest

from edgedet.sim.camera_command import CameraCommand
from edgedet.sim.clip import Clip
from edgedet.sim.rtsp_feeder import Feeder, FrameCursor, Programme

START = b"\x00\x00\x01\x41"
FRAMES = tuple(START + bytes([number + 1]) * 100 for number in range(6))


@pytest.fixture
def programme() -> Programme:
    return Programme(Clip(FRAMES, 10.0, "h264", (0, 3)))


def _take(cursor: FrameCursor, count: int, now_s: float = 0.0) -> list[int]:
    """The numbers of the next frames; -1: none, -2: none of the clip's."""
    frames = [cursor.take(now_s) for _ in range(count)]
    return [-1 if f is None else FRAMES.index(f) if f in FRAMES else -2 for f in frames]


def _tell(programme: Programme, **order: object) -> bool:
    return programme.obey(CameraCommand.model_validate(order), 0.0)


def test_round_after_round(programme: Programme) -> None:
    assert _take(FrameCursor(programme), 8) == [0, 1, 2, 3, 4, 5, 0, 1]


def test_frozen_it_repeats_a_key_frame_and_goes_on_from_there(programme: Programme) -> None:
    cursor = FrameCursor(programme)
    _take(cursor, 5)
    assert _tell(programme, do="freeze")
    assert _take(cursor, 3) == [3, 3, 3]
    _tell(programme, do="flow")
    assert _take(cursor, 3) == [3, 4, 5]


def test_stalled_nothing_comes_and_nothing_is_skipped(programme: Programme) -> None:
    cursor = FrameCursor(programme)
    _take(cursor, 2)
    _tell(programme, do="stall")
    assert _take(cursor, 2) == [-1, -1]
    _tell(programme, do="flow")
    assert _take(cursor, 1) == [2]


def test_lost_frames_are_never_key_frames_and_end_in_time(programme: Programme) -> None:
    _tell(programme, do="lose", share=1, for_s=5)
    cursor = FrameCursor(programme)
    assert _take(cursor, 6, now_s=4.9) == [0, -1, -1, 3, -1, -1]
    assert _take(cursor, 3, now_s=5.1) == [0, 1, 2]


def test_corrupt_frames_are_none_of_the_clip(programme: Programme) -> None:
    _tell(programme, do="corrupt", share=1, for_s=5)
    cursor = FrameCursor(programme)
    assert _take(cursor, 3, now_s=1.0) == [-2, -2, -2]
    assert _take(cursor, 1, now_s=6.0) == [3]


def test_mid_gop_begins_behind_a_key_frame(programme: Programme) -> None:
    _tell(programme, do="mid_gop")
    assert _take(FrameCursor(programme), 2) == [5, 0]


def test_new_clip_begins_at_its_key_frame(programme: Programme) -> None:
    cursor = FrameCursor(programme)
    _take(cursor, 4)
    programme.clip = Clip((b"other",), 10.0)
    assert cursor.take(0.0) == b"other"
    assert not _tell(programme, do="drop")


class _Clock:
    """Time that passes when asked, in place of GLib's loop and GStreamer's source."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.pushed: list[tuple[float, int]] = []
        self.waits_ms: list[int] = []
        self.Buffer = self

    def timeout_add(self, wait_ms: int, _step: object) -> None:
        self.waits_ms.append(wait_ms)
        self.now_s += wait_ms / 1000

    def new_wrapped(self, frame: bytes) -> bytes:
        return frame

    def emit(self, _signal: str, frame: bytes) -> None:
        self.pushed.append((round(self.now_s - 100, 3), FRAMES.index(frame)))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> _Clock:
    clock = _Clock()
    monkeypatch.setattr("edgedet.sim.rtsp_feeder.time.monotonic", lambda: clock.now_s)
    return clock


def test_frames_go_at_their_rate_and_faster_when_ordered(
    programme: Programme, clock: _Clock
) -> None:
    feeder = Feeder(clock, clock, clock, programme)
    feeder.step()
    feeder.step()
    _tell(programme, do="speed", factor=10)
    for _ in range(3):
        feeder.step()
    assert clock.pushed == [(0.0, 0), (0.1, 1), (0.2, 2), (0.21, 3), (0.22, 4)]
    feeder.stop()
    feeder.step()
    assert len(clock.pushed) == 5


def test_a_burst_brings_everything_at_once(programme: Programme, clock: _Clock) -> None:
    feeder = Feeder(clock, clock, clock, programme)
    programme.obey(CameraCommand(do="burst", for_s=0.25), clock.now_s)
    for _ in range(4):
        feeder.step()
    assert clock.pushed == [(0.3, 0), (0.3, 1), (0.3, 2), (0.3, 3)]


def test_time_lost_is_not_made_up_for(programme: Programme, clock: _Clock) -> None:
    feeder = Feeder(clock, clock, clock, programme)
    feeder.step()
    clock.now_s += 60
    for _ in range(3):
        feeder.step()
    assert sum(wait_ms == 0 for wait_ms in clock.waits_ms) <= 1
