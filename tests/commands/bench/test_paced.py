import threading

import pytest

from edgedet.commands.bench.paced import PacedSource
from edgedet.frame import Frame
from edgedet.source.base import SourceCondition
from tests.stream.fakes import FakeClock, FramePool


class Film:
    """Frames without end, as fast as they are read."""

    condition = SourceCondition("raw")

    def __init__(self) -> None:
        self.pool = FramePool()
        self.calls: list[str] = []
        self.count = 0

    def open(self, timeout_s: float, stop: threading.Event | None = None) -> None:  # noqa: ARG002 - the protocol's
        self.calls.append(f"open {timeout_s}")

    def read(self, timeout_s: float) -> Frame | None:  # noqa: ARG002 - the protocol's
        self.count += 1
        return self.pool.frame("a", self.count, arrival_s=-1.0)

    def close(self) -> None:
        self.calls.append("close")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    clock = FakeClock()
    monkeypatch.setattr("edgedet.commands.bench.paced.time.sleep", clock.advance)
    return clock


def arrivals(source: PacedSource, clock: FakeClock, count: int) -> list[float]:
    start_s = clock.monotonic()
    source.open(1.0)
    found: list[float] = []
    while len(found) < count:
        frame = source.read(0.5)
        if frame is not None:
            found.append(round(frame.info.arrival_s - start_s, 6))
            frame.close()
    return found


def test_frames_come_at_the_pace_of_a_camera(clock: FakeClock) -> None:
    assert arrivals(PacedSource(Film(), 10.0, 0, clock), clock, 4) == [0.0, 0.1, 0.2, 0.3]


def test_cameras_do_not_take_their_pictures_together(clock: FakeClock) -> None:
    first = [arrivals(PacedSource(Film(), 1.0, number, clock), clock, 1)[0] for number in range(4)]
    assert first == pytest.approx([0.0, 0.618, 0.236, 0.854], abs=1e-3)


def test_a_read_does_not_wait_longer_than_it_may(clock: FakeClock) -> None:
    film = Film()
    source = PacedSource(film, 0.5, 1, clock)
    source.open(1.0)
    before_s = clock.monotonic()
    assert source.read(0.5) is None
    assert clock.monotonic() - before_s == pytest.approx(0.5)
    assert film.count == 0


def test_a_late_frame_counts_from_when_it_was_due(clock: FakeClock) -> None:
    source = PacedSource(Film(), 10.0, 0, clock)
    start_s = clock.monotonic()
    source.open(1.0)
    clock.advance(0.25)
    due = [source.read(0.5) for _ in range(3)]
    assert [round(f.info.arrival_s - start_s, 6) for f in due if f] == [0.0, 0.1, 0.2]


def test_closing_closes_what_is_paced(clock: FakeClock) -> None:
    film = Film()
    source = PacedSource(film, 10.0, 0, clock)
    source.open(2.0)
    source.close()
    assert film.calls == ["open 2.0", "close"]
    assert source.condition.decoder == "raw"
