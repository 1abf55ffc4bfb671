"""A dead camera never asks for a restart; a stuck stage always does."""

from dataclasses import replace

import pytest

from edgedet.event import SourceState
from edgedet.health.base import Sign
from edgedet.health.verdict import failures, has_started, liveness, readiness, status_line
from tests.health.figures import a_source, loading, the_vitals

TROUBLE = [
    SourceState.STALLED,
    SourceState.RECONNECTING,
    SourceState.AUTH_FAILED,
    SourceState.NO_DECODER,
    SourceState.DISABLED,
]


def test_all_is_well() -> None:
    vitals = the_vitals()
    assert failures(liveness(vitals)) == []
    assert failures(readiness(vitals)) == []


@pytest.mark.parametrize("state", TROUBLE)
def test_a_dead_camera_is_told_but_asks_for_no_restart(state: SourceState) -> None:
    vitals = the_vitals(a_source("gate", state))
    assert failures(liveness(vitals)) == []
    (failed,) = failures(readiness(vitals))
    assert (failed.name, failed.reason) == ("sources", f"none delivers: gate: {state.value}")


def test_one_live_camera_is_enough_to_be_ready() -> None:
    vitals = the_vitals(a_source("gate", SourceState.STALLED), a_source("dock"))
    assert failures(readiness(vitals)) == []


def test_a_stuck_stage_asks_for_a_restart() -> None:
    vitals = the_vitals(signs=(Sign("prepare", 1.0, 60.0), Sign("infer", 61.0, 60.0)))
    (failed,) = failures(liveness(vitals))
    assert failed.name == "stage infer"
    assert failed.reason == "no sign of progress for 61 s (limit 60 s)"
    assert failed in failures(readiness(vitals))


def test_one_hung_source_thread_asks_for_nothing_all_of_them_do() -> None:
    hung, well = Sign("source-a", 999.0, 180.0, is_vital=False), Sign("source-b", 1.0, 180.0, False)  # noqa: FBT003
    assert failures(liveness(the_vitals(signs=(hung, well)))) == []
    (failed,) = failures(liveness(the_vitals(signs=(hung, hung))))
    assert failed.name == "source threads"


def test_a_broker_that_refuses_everything_is_not_ready() -> None:
    vitals = the_vitals()
    assert vitals.broker is not None
    refusing = replace(vitals.broker, refused=12, is_refusing=True)

    [failed] = failures(readiness(replace(vitals, broker=refusing)))

    assert failed.name == "broker"
    assert "refuses what is published (12 so far)" in failed.reason


def test_a_broker_that_is_away_is_no_reason_for_a_restart() -> None:
    vitals = the_vitals()
    assert vitals.broker is not None
    away = replace(vitals.broker, state="unreachable", is_connected=False, reason="no route")
    vitals = replace(vitals, broker=away)
    assert failures(liveness(vitals)) == []
    assert [(c.name, c.reason) for c in failures(readiness(vitals))] == [("broker", "no route")]
    assert [c.name for c in readiness(replace(vitals, broker=None))].count("broker") == 0


class TestStart:
    def test_is_over_with_the_first_result(self) -> None:
        assert has_started(the_vitals(), 0.0)

    def test_is_not_over_while_the_model_is_loaded(self) -> None:
        assert not has_started(loading(the_vitals()), 0.0)

    def test_is_not_over_when_pictures_come_but_no_result(self) -> None:
        assert not has_started(the_vitals(a_source(detected=0)), 999.0)

    def test_does_not_wait_for_cameras_that_are_not_there(self) -> None:
        nothing = {"decoded": 0, "detected": 0}
        dead = a_source("a", SourceState.AUTH_FAILED, **nothing)
        untried = replace(
            a_source("b", SourceState.RECONNECTING, **nothing),
            status=replace(dead.status, state=SourceState.RECONNECTING, reconnects=0),
        )
        assert has_started(the_vitals(dead), 0.0)
        assert not has_started(the_vitals(dead, untried), 10.0)
        assert has_started(the_vitals(dead, untried), 31.0)

    def test_does_not_wait_for_the_broker(self) -> None:
        vitals = the_vitals()
        assert vitals.broker is not None
        away = replace(vitals.broker, state="unreachable", is_connected=False)
        assert has_started(replace(vitals, broker=away), 0.0)

    def test_is_not_over_while_a_stage_is_stuck(self) -> None:
        assert not has_started(the_vitals(signs=(Sign("infer", 61.0, 60.0),)), 0.0)


def test_the_line_says_how_it_goes() -> None:
    assert status_line(the_vitals()) == (
        "1 of 1 sources live, 14.8 frames/s, p99 42 ms, MQTT connected"
    )
    troubled = [a_source(name, SourceState.STALLED, fps=0.0) for name in "abcde"]
    assert status_line(the_vitals(*troubled, broker=None)) == (
        "0 of 5 sources live, 0.0 frames/s, p99 42 ms; a: stalled, b: stalled, c: stalled, 2 more"
    )
    assert status_line(loading(the_vitals())) == "loading the model"
    assert status_line(the_vitals(signs=(Sign("infer", 61.0, 60.0),))).startswith("stuck: ")
