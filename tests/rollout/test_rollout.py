"""Wishes from everywhere: one after the other, the desired state once, the way back at any time."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edgedet.errors import CommandError, ModelError
from edgedet.models.store import CONFIGURED
from edgedet.rollout.claim import find_wish, leave_wish
from edgedet.rollout.record import State
from edgedet.rollout.wish import Asker, offset_s, wish_back
from tests.models.bundles import make_bundle
from tests.rollout.world import KILLED, Device, Model, ran, wish_for
from tests.stream.fakes import wait_until


@pytest.fixture
def device(tmp_path: Path) -> Device:
    device = Device(tmp_path / "state", make_bundle(tmp_path / "old", "0"))
    for version in ("7", "8"):
        device.store.add(make_bundle(tmp_path / f"made-{version}", version).folder)
    device.boot()
    return device


def _id(device: Device, version: str) -> str:
    return device.store.find(f"tiny-{version}").id


def _desired(model: str, state_id: str = "wave", **more: object) -> bytes:
    body = {"schema": "edgedet.desired_model/1", "id": state_id, "model": model, **more}
    return json.dumps(body).encode()


def _outcome(device: Device) -> str:
    desired = device.rollout.record.desired
    return "" if desired is None else desired.outcome


def test_the_desired_state_is_brought_about_once(device: Device) -> None:
    model = _id(device, "8")
    for _ in range(3):
        device.rollout.desire(_desired(model))
        device.run()

    assert device.stage.serving == model
    assert _outcome(device) == "done"
    assert device.file.states.count(State.FETCHING) == 1


def test_it_is_not_tried_again_until_it_changes(device: Device) -> None:
    model = _id(device, "8")
    device.models[model] = Model(deviation="others")
    for last in (None, KILLED):
        device.rollout.desire(_desired(model))
        device.run()
        assert (device.rollout.record.state, _outcome(device)) == (State.REFUSED, "failed")
        device.boot(last)
    assert device.stage.loaded == []

    device.models.clear()
    device.rollout.desire(_desired(model, "wave-again"))
    device.run()

    assert device.stage.serving == model


@pytest.mark.parametrize("outcome", ["failed", "waiting"])
def test_a_clock_that_is_set_back_changes_nothing_but_the_wait(
    device: Device, outcome: str
) -> None:
    model = _id(device, "8")
    device.models[model] = Model(deviation="others")
    within_s = 0.0 if outcome == "failed" else 3600.0
    payload = _desired(model, within_s=within_s)
    device.rollout.desire(payload)
    device.run()
    assert _outcome(device) == outcome

    device.clock.advance(-86_400)
    device.boot()
    device.rollout.desire(payload)
    device.run()

    desired = device.rollout.record.desired
    assert desired is not None
    assert desired.outcome == outcome
    assert desired.seen <= device.clock.utc_now()


def test_what_is_taken_back_by_hand_stays_so(device: Device) -> None:
    device.rollout.desire(_desired(_id(device, "8")))
    device.run()
    device.run(wish_back(CONFIGURED, Asker.OPERATOR))

    device.rollout.desire(_desired(_id(device, "8")))
    device.run()

    assert device.rollout.record.serving == CONFIGURED


def test_it_waits_for_its_turn_also_over_a_restart(device: Device) -> None:
    model = _id(device, "8")
    payload = _desired(model, within_s=3600)
    turn_s = offset_s("bench-01", 3600)
    device.rollout.desire(payload)
    device.run()
    assert _outcome(device) == "waiting"
    device.clock.advance(turn_s / 2)
    device.boot()
    device.rollout.desire(payload)
    device.run()
    assert device.stage.serving != model

    device.clock.advance(turn_s / 2)
    device.run()

    assert device.stage.serving == model


def test_a_desired_state_that_is_taken_away_is_waited_for_no_more(device: Device) -> None:
    device.rollout.desire(_desired(_id(device, "8"), within_s=3600))
    device.run()
    device.rollout.desire(b"")
    device.run()
    device.clock.advance(4000)

    assert device.run().state is State.IDLE
    assert device.rollout.record.desired is None


def test_one_that_cannot_be_read_is_told_once(device: Device) -> None:
    for _ in range(2):
        device.rollout.desire(b'{"schema": "edgedet.desired_model/1"}')
        device.run()

    desired = device.rollout.record.desired
    assert desired is not None
    assert (desired.outcome, desired.id) == ("failed", "")
    assert "cannot be read" in desired.reason
    assert len(device.told) == 1


def test_another_desired_state_ends_the_one_under_way(device: Device) -> None:
    first, second = _id(device, "7"), _id(device, "8")
    device.rollout.desire(_desired(first))

    def change_of_mind() -> None:
        if device.rollout.record.state is State.WATCHING and device.rollout.record.to == first:
            device.rollout.desire(_desired(second))

    device.stop.while_waiting = change_of_mind
    device.run()
    assert device.rollout.record.state is State.WITHDRAWN
    assert device.stage.serving == device.configured.folder.name

    device.run()

    assert device.stage.serving == second
    active = device.store.active()
    assert active is not None
    assert active.history == [CONFIGURED]


def test_a_second_command_waits_for_the_end_of_the_first(device: Device) -> None:
    told: list[str] = []

    def ask_again() -> None:
        if not told:
            with pytest.raises(CommandError, match="wait for its end, or give models-rollback"):
                device.rollout.ask(wish_for(_id(device, "7")))
            told.append("refused")

    device.stop.while_waiting = ask_again

    assert device.run(wish_for(_id(device, "8"))).state is State.SETTLED
    assert told == ["refused"]


@pytest.mark.parametrize("state", [State.PREPARING, State.SHADOW, State.WATCHING])
@pytest.mark.parametrize("by_command", [True, False])
def test_a_rollback_ends_what_is_under_way(
    device: Device, state: State, *, by_command: bool
) -> None:
    def roll_back() -> None:
        if device.rollout.record.state is not state:
            return
        if by_command:
            device.rollout.ask_for_the_one_before(Asker.COMMAND)
        else:
            leave_wish(device.store.folder, wish_back(CONFIGURED, Asker.OPERATOR))

    device.stop.while_waiting = roll_back

    record = device.run(wish_for(_id(device, "8")))

    assert (record.state, record.serving) == (State.WITHDRAWN, CONFIGURED)
    assert device.stage.serving == device.configured.folder.name
    assert device.stage.loaded == ([] if state is not State.WATCHING else [_id(device, "8")])
    assert find_wish(device.store.folder) is None


def test_a_rollback_afterwards_goes_to_the_model_before(device: Device) -> None:
    with pytest.raises(CommandError, match="there is no model before the present one"):
        device.rollout.ask_for_the_one_before(Asker.COMMAND)
    for version in ("7", "8"):
        device.run(wish_for(_id(device, version)))

    device.rollout.ask_for_the_one_before(Asker.COMMAND)
    device.run()

    assert device.stage.serving == _id(device, "7")


def test_what_an_operator_leaves_is_taken_up_and_waits_while_something_is_under_way(
    device: Device,
) -> None:
    def leave_another() -> None:
        if find_wish(device.store.folder) is None and device.rollout.record.to == _id(device, "7"):
            leave_wish(device.store.folder, wish_for(_id(device, "8"), Asker.OPERATOR))

    device.stop.while_waiting = leave_another
    leave_wish(device.store.folder, wish_for(_id(device, "7"), Asker.OPERATOR))

    assert device.run().serving == _id(device, "7")
    assert device.run().serving == _id(device, "8")
    assert find_wish(device.store.folder) is None


def test_what_may_not_be_asked_for_is_refused_at_once(device: Device) -> None:
    with pytest.raises(CommandError, match="there is no installed model"):
        device.rollout.ask(wish_for("person-9"))
    assert device.run().state is State.IDLE


def test_a_stop_is_gone_on_from_after_the_start(device: Device) -> None:
    model = _id(device, "8")

    def stop() -> None:
        if device.rollout.record.state is State.SHADOW:
            device.stop.set()

    device.stop.while_waiting = stop
    record = device.run(wish_for(model))
    assert record.state is State.SHADOW
    assert device.stage.loaded == []

    device.boot()

    assert device.run().serving == model


def test_when_nothing_can_be_written_it_is_tried_again_later(device: Device) -> None:
    device.file.fails = True
    device.rollout.desire(_desired(_id(device, "8")))
    device.run()
    device.file.fails = False
    device.run()
    assert device.stage.serving == device.configured.folder.name

    device.clock.advance(61)
    device.run()

    assert device.stage.serving == _id(device, "8")


@pytest.fixture
def running(device: Device) -> Iterator[Device]:
    """With its thread, which is stopped whatever happens."""
    device.rollout.start()
    yield device
    assert device.rollout.stop(5.0)


def _passes_until(device: Device, holds: Callable[[], bool]) -> None:
    """The fake clock goes on while the thread waits."""

    def moved() -> bool:
        device.clock.advance(1.0)
        return holds()

    wait_until(moved)


def test_the_thread_does_it_and_counts(running: Device) -> None:
    model = _id(running, "8")
    running.models[model] = Model(deviation="others")

    running.rollout.ask(wish_for(model))

    _passes_until(running, lambda: running.rollout.counts["refused"] == 1)


def test_a_way_back_that_fails_reaches_the_owner(running: Device) -> None:
    model = _id(running, "8")
    running.models[model] = Model(watch=ran(errors=1))
    running.stage.back_error = ModelError("no way back")

    running.rollout.ask(wish_for(model))

    _passes_until(running, lambda: running.errors != [])
    assert "no way back" in str(running.errors[0])


def test_a_damaged_wish_that_cannot_be_moved_is_told_once(
    device: Device, caplog: pytest.LogCaptureFixture
) -> None:
    (device.store.folder / "wish.json").write_text("{")
    (device.store.folder / "wish.json.damaged").mkdir()

    for _ in range(3):
        device.run()

    assert caplog.text.count("it cannot be moved away") == 1
