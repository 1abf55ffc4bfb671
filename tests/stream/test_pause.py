"""A paused source is told as disabled, whatever it does besides."""

from edgedet.event import SourceState, SourceStatus
from edgedet.stream.pause import Pause
from tests.stream.fakes import START_UTC, FakeClock

LIVE = SourceStatus("gate", SourceState.LIVE, START_UTC, dropped=7)


def test_begins_and_ends_once() -> None:
    pause = Pause(FakeClock())

    told = [pause.end(), pause.begin("why"), pause.begin("again"), pause.is_on, pause.end()]

    assert told == [False, True, False, True, True]
    assert not pause.is_on


def test_status_is_disabled_since_the_pause_with_its_reason() -> None:
    clock = FakeClock()
    pause = Pause(clock)
    assert pause.over(LIVE) is LIVE

    pause.begin("paused by a command")

    status = pause.over(LIVE)
    assert (status.state, status.reason) == (SourceState.DISABLED, "paused by a command")
    assert (status.since, status.dropped) == (clock.utc_now(), 7)


def test_trouble_behind_a_pause_is_told_with_it() -> None:
    pause = Pause(FakeClock())
    pause.begin("paused")

    status = pause.over(SourceStatus("gate", SourceState.STALLED, START_UTC, reason="no frame"))

    assert status.reason == "paused; the source itself is stalled: no frame"


def test_what_has_ended_has_ended() -> None:
    pause = Pause(FakeClock())
    pause.begin("paused")
    ended = SourceStatus("gate", SourceState.ENDED, START_UTC)

    assert pause.over(ended) is ended


def test_wait_ends_with_the_pause() -> None:
    pause = Pause(FakeClock())
    pause.begin("paused")
    assert not pause.wait_until_over(0.01)
    pause.end()
    assert pause.wait_until_over(30.0)
