"""The watchdog is fed while everything gets on, and not once something does not."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from edgedet.event import SourceState
from edgedet.health.base import Sign, Vitals
from edgedet.health.history import History
from edgedet.health.notify import Notifier
from edgedet.health.supervisor import Supervisor
from edgedet.stream.worker import Worker
from tests.health.figures import a_source, loading, the_vitals
from tests.health.notify_socket import NotifySocket
from tests.stream.fakes import WAIT_S, FakeClock

STUCK = (Sign("infer", 61.0, 60.0),)


@dataclass
class Stand:
    """A supervisor, what it looks at and what it tells."""

    manager: NotifySocket
    vitals: Vitals = field(default_factory=the_vitals)
    stalls: list[str] = field(default_factory=list)
    clock: FakeClock = field(default_factory=FakeClock)

    def __post_init__(self) -> None:
        self.supervisor = Supervisor(
            look=lambda: self.vitals,
            notifier=Notifier(self.manager.address),
            watchdog_s=0.2,
            on_stall=self.stalls.append,
            history=History(self.clock),
            clock=self.clock,
        )

    def turn(self, times: int = 1) -> list[str]:
        """What was told in so many turns, a second apart."""
        told = []
        for _ in range(times):
            self.clock.advance(1.0)
            self.supervisor.turn()
            told += self.manager.drain()
        return told


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    manager = NotifySocket(tmp_path / "notify")
    yield Stand(manager)
    manager.close()


def _fed(messages: list[str]) -> int:
    return messages.count("WATCHDOG=1")


def test_is_ready_once_and_feeds_at_every_turn(stand: Stand) -> None:
    messages = stand.turn(5)

    assert [m for m in messages if m.startswith("READY=1")] == [
        "READY=1\nSTATUS=1 of 1 sources live, 14.8 frames/s, p99 42 ms, MQTT connected"
    ]
    assert _fed(messages) == 5
    assert stand.supervisor.has_started


def test_asks_for_patience_while_the_model_is_loaded(stand: Stand) -> None:
    stand.vitals = loading(the_vitals())
    messages = stand.turn(3)
    assert messages.count("EXTEND_TIMEOUT_USEC=10000000") == 3
    assert not any(m.startswith("READY") for m in messages)
    stand.vitals = the_vitals()
    assert any(m.startswith("READY") for m in stand.turn())


def test_a_model_that_is_never_loaded_is_a_stall(stand: Stand) -> None:
    stand.vitals = loading(the_vitals())
    stand.turn()
    stand.clock.advance(901.0)
    stand.turn(3)
    assert len(stand.stalls) == 1
    assert "model: not loaded after" in stand.stalls[0]


def test_a_stuck_stage_gets_no_food_and_is_told_once(stand: Stand) -> None:
    stand.turn(2)
    stand.vitals = the_vitals(signs=STUCK)
    messages = stand.turn(6)
    assert _fed(messages) == 0
    assert any("STATUS=stuck: stage infer" in message for message in messages)
    assert stand.stalls == ["stage infer: no sign of progress for 61 s (limit 60 s)"]
    stand.vitals = the_vitals()
    assert _fed(stand.turn(3)) == 0, "what was given up stays given up"


def test_one_look_after_a_suspended_process_is_no_stall(stand: Stand) -> None:
    stand.turn(2)
    stand.vitals = the_vitals(signs=STUCK)
    stand.turn()
    stand.vitals = the_vitals()
    assert _fed(stand.turn(5)) == 5
    assert stand.stalls == []


@pytest.mark.parametrize("state", [SourceState.STALLED, SourceState.AUTH_FAILED])
def test_dead_cameras_alone_never_stop_the_feeding(stand: Stand, state: SourceState) -> None:
    stand.turn()
    stand.vitals = the_vitals(a_source("gate", state), a_source("dock", state))
    messages = stand.turn(400)
    assert _fed(messages) == 400
    assert stand.stalls == []


def test_the_status_is_told_anew_when_it_changes(stand: Stand) -> None:
    stand.turn(12)
    stand.vitals = the_vitals(a_source(fps=3.0))
    changed = [m for m in stand.turn(12) if m.startswith("STATUS=")]
    assert changed == ["STATUS=1 of 1 sources live, 3.0 frames/s, p99 42 ms, MQTT connected"]


def test_runs_on_a_worker_until_stopped(stand: Stand) -> None:
    worker = Worker("health", stand.supervisor.run)
    worker.start()
    stand.manager.wait_for("WATCHDOG=1", WAIT_S)
    stand.manager.wait_for("WATCHDOG=1", WAIT_S)
    assert worker.stop(WAIT_S)


def test_a_reload_is_told_once_the_service_is_ready(stand: Stand) -> None:
    stand.supervisor.begin_reload()
    stand.supervisor.end_reload()
    assert stand.manager.drain() == []
    stand.turn()
    stand.supervisor.begin_reload()
    stand.supervisor.end_reload()
    told = stand.manager.drain()
    assert [message.partition("\n")[0] for message in told] == ["RELOADING=1", "READY=1"]
    assert "MONOTONIC_USEC=" in told[0]
