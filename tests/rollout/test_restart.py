"""Killed at any moment, any number of times: a whole model serves, and never a refused one."""

import contextlib
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgedet.errors import ModelError
from edgedet.event import LastRun, RunEnd
from edgedet.manifest import verify_bundle
from edgedet.models.store import CONFIGURED
from edgedet.rollout.record import Record, State
from tests.models.bundles import make_bundle
from tests.rollout.world import (
    KILLED,
    STOPPED,
    Device,
    KilledError,
    Model,
    Mortal,
    ran,
    wish_for,
)

NO_MORE_STEPS = 60  # than any change has

GOOD = Model()
BAD = {
    "does not load": Model(prepare=ModelError("does not load")),
    "answers wrongly": Model(deviation="2 of 5"),
    "sees nothing": Model(shadow=ran(0)),
    "fails in use": Model(watch=ran(errors=9)),
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A configured bundle, and a state directory with one that is installed."""
    folder = tmp_path_factory.mktemp("made")
    device = Device(folder / "state", make_bundle(folder / "old", "0"))
    device.store.add(make_bundle(folder / "new", "1").folder)
    return folder


def _device(made: Path) -> tuple[Device, str]:
    """A device on which nothing was ever changed."""
    for name in ("rollout.json", "active.json"):
        (made / "state" / "models" / name).unlink(missing_ok=True)
    device = Device(made / "state", make_bundle(made / "old", "0"))
    return device, device.store.installed()[0].id


def _live(device: Device, new: str, steps: int | None, last: LastRun, *, asks: bool) -> bool:
    """One run of the service, until it is killed after so many steps; whether it was."""
    try:
        device.boot(last, Mortal(steps))
        verify_bundle(device.bundle)
        assert device.stage.serving == device.bundle.folder.name
        record = device.rollout.record
        if device.bundle.folder.name == new:
            assert record.state in (State.WATCHING, State.SETTLED)
        device.run(wish_for(new) if asks and record.state is State.IDLE else None)
    except KilledError:
        return True
    return False


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    kills=st.lists(st.integers(0, NO_MORE_STEPS) | st.integers(0, 5), max_size=5),
    kind=st.sampled_from([None, *BAD]),
    in_order=st.booleans(),
)
def test_whenever_it_is_killed(
    made: Path, kills: list[int], kind: str | None, in_order: bool
) -> None:
    device, new = _device(made)
    device.models[new] = GOOD if kind is None else BAD[kind]
    last = STOPPED
    for steps in kills:
        was_killed = _live(device, new, steps, last, asks=True)
        last = KILLED if was_killed and not in_order else STOPPED

    _live(device, new, None, last, asks=True)

    record = device.rollout.record
    assert record.state.is_over
    assert device.stage.serving == (new if record.serving == new else device.configured.folder.name)
    assert device.store.model_in_use(device.configured) == record.serving
    if kind is not None:
        assert record.serving == CONFIGURED
    elif record.state is not State.SETTLED:
        assert "ended without order" in record.reason


@pytest.mark.parametrize("state", [State.PREPARING, State.SHADOW, State.WATCHING])
def test_a_model_that_takes_the_process_with_it_has_two_lives(made: Path, state: State) -> None:
    device, new = _device(made)
    crash = LastRun(RunEnd.CRASHED, "Segmentation fault")
    for last in (STOPPED, crash):
        device.boot(last)
        _run_until(device, state, new)
    assert device.rollout.record.deaths == 1

    device.boot(crash)

    record = device.rollout.record
    assert device.bundle == device.configured
    assert record.state is (State.ROLLED_BACK if state is State.WATCHING else State.REFUSED)
    assert f"in state {state.value}" in record.reason
    assert "Segmentation fault" in record.reason
    device.boot(STOPPED)
    assert device.run().state is record.state


def _run_until(device: Device, state: State, new: str) -> None:
    write = device.file.write

    def dies(record: object) -> None:
        write(record)  # type: ignore[arg-type]
        if device.file.states[-1] is state:
            raise KilledError

    device.file.write = dies  # type: ignore[method-assign]
    with pytest.raises(KilledError):
        device.run(wish_for(new) if device.rollout.record.state is State.IDLE else None)


@pytest.mark.parametrize("steps", range(6))
def test_killed_while_a_start_takes_it_back(made: Path, steps: int) -> None:
    """It died twice while it was about to serve, and then while the start wrote that down."""
    device, new = _device(made)
    for last in (STOPPED, KILLED):
        device.boot(last)
        _die_once_activated(device, new)
    assert device.store.model_in_use(device.configured) == new
    with contextlib.suppress(KilledError):
        device.boot(KILLED, Mortal(steps))

    device.boot(KILLED)
    assert device.bundle == device.configured
    device.run()
    assert device.rollout.record.state in (State.REFUSED, State.SETTLED)
    device.boot(KILLED)
    is_new = device.rollout.record.state is State.SETTLED
    assert device.bundle.folder.name == (new if is_new else device.configured.folder.name)


def _die_once_activated(device: Device, new: str) -> None:
    """As late as may be before it is written down that it is watched."""
    write = device.file.write

    def dies(record: Record) -> None:
        if record.state is State.WATCHING:
            raise KilledError
        write(record)

    device.file.write = dies  # type: ignore[method-assign]
    with pytest.raises(KilledError):
        device.run(wish_for(new) if device.rollout.record.state is State.IDLE else None)


def test_a_stop_in_order_is_no_death(made: Path) -> None:
    device, new = _device(made)
    for _ in range(4):
        device.boot(STOPPED)
        _run_until(device, State.WATCHING, new)
        assert device.rollout.record.deaths == 0
    device.boot(STOPPED)
    assert device.run().state is State.SETTLED


def test_another_configured_bundle_ends_the_watch(made: Path) -> None:
    device, new = _device(made)
    device.boot()
    _run_until(device, State.WATCHING, new)
    device.configured = make_bundle(made / "other", "2")

    device.boot(KILLED)

    assert device.bundle == device.configured
    assert device.rollout.record.state is State.WITHDRAWN
    assert "names another bundle" in device.rollout.record.reason


def test_a_watched_model_whose_files_are_damaged_is_taken_back(made: Path, tmp_path: Path) -> None:
    device, new = _device(made)
    device.boot()
    _run_until(device, State.WATCHING, new)
    model = device.store.find(new).bundle.model_path
    shutil.copyfile(model, tmp_path / "whole")
    model.write_bytes(b"damaged")
    try:
        device.boot(STOPPED)
    finally:
        shutil.copyfile(tmp_path / "whole", model)

    assert device.bundle == device.configured
    assert device.rollout.record.state is State.ROLLED_BACK
    assert "not the file that the manifest names" in device.rollout.record.reason


def test_what_was_activated_while_no_service_ran_is_watched(made: Path) -> None:
    device, new = _device(made)
    now = device.clock.utc_now()
    device.store.activate(new, device.configured, now, "edgedet models activate")
    device.models[new] = Model(watch=ran(errors=1))

    device.boot(STOPPED)
    assert (device.bundle.folder.name, device.rollout.record.state) == (new, State.WATCHING)
    record = device.run()

    assert record.state is State.ROLLED_BACK
    assert device.stage.serving == device.configured.folder.name


def test_a_way_back_while_no_service_ran_is_believed(made: Path) -> None:
    device, new = _device(made)
    device.boot()
    device.run(wish_for(new))
    device.store.roll_back(device.configured, device.clock.utc_now(), "edgedet models rollback")

    device.boot(STOPPED)

    assert device.bundle == device.configured
    assert device.rollout.record.state.is_over
    assert device.rollout.record.serving == CONFIGURED
