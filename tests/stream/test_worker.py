"""A worker's error reaches its owner, and a stop always comes back."""

import threading

import pytest

from edgedet.stream.worker import StopSignal, Worker
from tests.stream.fakes import WAIT_S, FakeClock, wait_until


def test_stop_sets_the_event_and_joins() -> None:
    worker = Worker("waits", lambda stop: (stop.wait(30), None)[1])
    worker.start()
    assert worker.is_alive
    assert worker.stop(10)
    assert not worker.is_alive


def test_stop_may_be_called_twice_and_before_start() -> None:
    worker = Worker("idle", lambda _stop: None)
    assert worker.stop(1)
    assert worker.stop(1)


def test_after_stop_nothing_starts() -> None:
    ran = threading.Event()
    worker = Worker("idle", lambda _stop: ran.set())
    worker.stop(1)
    worker.start()
    assert worker.join(10)
    assert not ran.is_set()


def test_starts_once_only() -> None:
    worker = Worker("once", lambda _stop: None)
    worker.start()
    with pytest.raises(RuntimeError, match="worker 'once' was started before"):
        worker.start()
    assert worker.stop(10)


def test_keeps_the_error_and_tells_the_owner() -> None:
    told: list[BaseException] = []
    error = ValueError("broken")

    def fail(_stop: threading.Event) -> None:
        raise error

    worker = Worker("fails", fail, told.append)
    worker.start()
    assert worker.join(10)
    assert worker.error is error
    assert told == [error]


def test_logs_the_error_when_nobody_listens(caplog: pytest.LogCaptureFixture) -> None:
    def fail(_stop: threading.Event) -> None:
        msg = "broken"
        raise ValueError(msg)

    worker = Worker("fails", fail)
    worker.start()
    assert worker.join(10)
    assert "thread 'fails' ended with ValueError: broken" in caplog.text


def test_says_when_a_thread_does_not_end() -> None:
    release = threading.Event()
    worker = Worker("stuck", lambda _stop: (release.wait(30), None)[1])
    worker.start()
    assert not worker.stop(0.01)
    release.set()
    assert worker.stop(10)


def test_a_worker_cannot_wait_for_itself() -> None:
    outcome: list[bool] = []
    worker = Worker("self", lambda _stop: outcome.append(worker.stop(5)))
    worker.start()
    assert worker.join(10)
    assert outcome == [False]


def test_threads_are_named_and_not_daemons() -> None:
    seen: list[tuple[str, bool]] = []

    def look(_stop: threading.Event) -> None:
        thread = threading.current_thread()
        seen.append((thread.name, thread.daemon))

    worker = Worker("looker", look)
    worker.start()
    assert worker.join(10)
    assert seen == [("looker", False)]


def test_asking_whether_to_stop_is_a_sign_of_life() -> None:
    clock = FakeClock()
    signal = StopSignal(clock)
    clock.advance(7.0)
    assert signal.idle_s() == 7.0
    assert not signal.was_set()
    assert signal.idle_s() == 7.0
    assert not signal.is_set()
    assert signal.idle_s() == 0.0
    clock.advance(3.0)
    signal.beat()
    assert signal.idle_s() == 0.0


def test_a_wait_is_alive_until_its_time_is_over() -> None:
    clock = FakeClock()
    worker = Worker("waits", lambda stop: (stop.wait(WAIT_S), None)[1], clock=clock)
    worker.start()
    clock.advance(1.0)
    wait_until(lambda: worker.idle_s() == 0.0)  # it waits until WAIT_S from before the step
    clock.advance(WAIT_S + 10.0)
    assert worker.idle_s() in (10.0, 11.0)
    assert worker.stop(WAIT_S)


def test_a_thread_that_is_stuck_gives_no_sign() -> None:
    clock, stuck, entered = FakeClock(), threading.Event(), threading.Event()

    def target(stop: StopSignal) -> None:
        while not stop.is_set():
            entered.set()
            stuck.wait(WAIT_S)

    worker = Worker("stuck", target, clock=clock)
    assert worker.idle_s() == 0.0
    worker.start()
    assert entered.wait(WAIT_S)
    clock.advance(12.0)
    assert worker.idle_s() == 12.0
    worker.request_stop()
    stuck.set()
    assert worker.join(WAIT_S)
    assert worker.idle_s() == 0.0
