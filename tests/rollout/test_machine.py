"""One change after the other on a fake clock: what takes over, what is kept out, what goes back."""

from pathlib import Path

import pytest

from edgedet.config.rollout import RolloutSettings
from edgedet.errors import ModelError
from edgedet.manifest import Bundle
from edgedet.models.store import CONFIGURED
from edgedet.rollout.base import Candidate, Pause, SourceFigures
from edgedet.rollout.machine import StuckChangeError
from edgedet.rollout.record import State
from edgedet.rollout.wish import Asker, Wish, wish_back
from tests.models.bundles import make_bundle
from tests.rollout.world import Device, Model, ran, wish_for

ALL_STEPS = [
    State.FETCHING,
    State.VERIFYING,
    State.PREPARING,
    State.PROVING,
    State.SHADOW,
    State.SWITCHING,
    State.WATCHING,
    State.SETTLED,
]


@pytest.fixture
def device(tmp_path: Path) -> Device:
    return Device(tmp_path / "state", make_bundle(tmp_path / "old", "0"))


@pytest.fixture
def new(tmp_path: Path, device: Device) -> str:
    return device.store.add(make_bundle(tmp_path / "new", "1").folder).id


def _steps(device: Device) -> list[State]:
    """The states in order, once each."""
    return list(dict.fromkeys(device.file.states))


def test_a_good_model_takes_over_and_stays(device: Device, new: str) -> None:
    device.boot()

    record = device.run(wish_for(new))

    assert _steps(device) == ALL_STEPS
    assert (record.state, record.serving, record.before) == (State.SETTLED, new, CONFIGURED)
    assert device.stage.serving == new
    assert device.stage.before == ""
    active = device.store.active()
    assert active is not None
    assert (active.model, active.history) == (new, [CONFIGURED])
    assert record.figures["agreement"] == 1.0
    assert record.figures["watch_picture_ms"] == pytest.approx(10.0)
    assert [each.state for each in device.told][-1] is State.SETTLED


def test_each_step_is_written_before_it_is_taken(device: Device, new: str) -> None:
    device.boot()
    seen: list[State] = []
    stage = device.stage
    prepare, switch = stage.prepare, stage.switch

    def noted_prepare(bundle: Bundle, pause: Pause | None = None) -> Candidate:
        seen.append(device.file.read().state)
        return prepare(bundle, pause)

    def noted_switch(candidate: Candidate) -> None:
        seen.append(device.file.read().state)
        switch(candidate)

    stage.prepare = noted_prepare  # type: ignore[method-assign]
    stage.switch = noted_switch  # type: ignore[method-assign]

    device.run(wish_for(new))

    assert seen == [State.PREPARING, State.SWITCHING]


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (Model(deviation="2 of 5 are others"), "answers wrongly on fake: 2 of 5 are others"),
        (Model(prepare=ModelError("does not load")), "does not load"),
        (Model(prepare=RuntimeError("a bug")), "RuntimeError: a bug"),
        (Model(agreed=60), "agrees with the model in use on 10.0% of the objects in 300 frames"),
        (Model(shadow=ran(picture_s=0.03)), "30.0 ms for a picture, 3.00 times"),
        (Model(shadow=ran(0)), "0.00 objects a frame of 'gate', expected are 1.00"),
        (Model(shadow=ran(3000)), "10.00 objects a frame of 'gate', expected are 1.00"),
        (Model(shadow=ran(sources={})), "no frame came"),
        (Model(shadow=ran(errors=1, failure="no memory")), "failed beside the model in use: no m"),
    ],
)
def test_a_bad_model_never_serves(device: Device, new: str, model: Model, reason: str) -> None:
    device.models[new] = model
    device.boot()

    record = device.run(wish_for(new))

    assert record.state is State.REFUSED
    assert reason in record.reason
    assert State.SWITCHING not in device.file.states
    assert device.stage.serving == device.configured.folder.name
    assert device.stage.loaded == []
    assert device.store.active() is None
    assert record.serving == CONFIGURED


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (Model(watch=ran(errors=1, failure="no memory")), "it failed in use: no memory"),
        (Model(watch=ran(picture_s=0.02)), "20.0 ms for a picture, 2.00 times"),
        (
            Model(watch=ran(sources={"gate": SourceFigures(9000, 0)})),
            "0.00 objects a frame of 'gate', expected are 1.00",
        ),
        (Model(watch=ran(9000)), "30.00 objects a frame of 'gate', expected are 1.00"),
    ],
)
def test_a_model_that_turns_bad_goes_back_by_itself(
    device: Device, new: str, model: Model, reason: str
) -> None:
    device.models[new] = model
    device.boot()

    record = device.run(wish_for(new))

    assert record.state is State.ROLLED_BACK
    assert reason in record.reason
    assert device.file.states[-2:] == [State.RETURNING, State.ROLLED_BACK]
    assert device.stage.serving == device.configured.folder.name
    assert record.serving == CONFIGURED
    assert device.store.model_in_use(device.configured) == CONFIGURED


def test_another_source_in_the_watch_is_no_reason(device: Device, new: str) -> None:
    device.models[new] = Model(watch=ran(sources={"dock": SourceFigures(300, 90_000)}))
    device.boot()

    assert device.run(wish_for(new)).state is State.SETTLED


@pytest.mark.parametrize("model", [Model(deviation="others"), Model(watch=ran(errors=1)), Model()])
def test_what_was_fetched_for_nothing_goes_again(
    device: Device, tmp_path: Path, model: Model
) -> None:
    bundle = make_bundle(tmp_path / "made", "9")
    device.models[device.store.add(bundle.folder).id] = model
    device.store.remove("tiny-9")
    device.boot()

    record = device.run(Wish(asker=Asker.OPERATOR, url=str(bundle.folder), sha256=bundle.digest))

    left = [each.id for each in device.store.installed()]
    assert left == ([record.to] if record.state is State.SETTLED else [])


def test_what_is_to_be_kept_only_is_proven_and_not_used(device: Device, new: str) -> None:
    device.boot()

    record = device.run(Wish(asker=Asker.COMMAND, model=new, activates=False))

    assert record.state is State.INSTALLED
    assert State.SHADOW not in device.file.states
    assert device.stage.serving == device.configured.folder.name
    assert device.stage.loaded == []


def test_the_way_back_is_short(device: Device, new: str) -> None:
    device.boot()
    device.run(wish_for(new))
    device.models[device.configured.folder.name] = Model(shadow=ran(0), watch=ran(errors=3))
    device.file.states.clear()

    record = device.run(wish_back(CONFIGURED, Asker.OPERATOR))

    assert record.state is State.SETTLED
    assert {State.SHADOW, State.WATCHING}.isdisjoint(device.file.states)
    assert device.stage.serving == device.configured.folder.name
    active = device.store.active()
    assert active is not None
    assert (active.model, active.history) == (CONFIGURED, [])


def test_without_a_shadow_run_the_watch_holds_it_against_the_old_one(
    tmp_path: Path, new: str, device: Device
) -> None:
    settings = RolloutSettings(shadow_s=0, watch_minutes=1)
    device = Device(tmp_path / "state", device.configured, settings)
    device.models[new] = Model(watch=ran(picture_s=0.02))
    device.boot()

    record = device.run(wish_for(new))

    assert State.SHADOW not in device.file.states
    assert record.state is State.ROLLED_BACK
    assert "2.00 times as long" in record.reason


def test_the_model_in_use_is_not_changed_for_itself(device: Device, new: str) -> None:
    device.boot()
    device.run(wish_for(new))

    record = device.run(wish_for(new))

    assert (record.state, record.reason) == (State.SETTLED, "it is in use already")


def test_what_cannot_be_written_down_is_not_done(device: Device, new: str) -> None:
    device.boot()
    device.file.fails = True

    device.run(wish_for(new))

    assert device.stage.loaded == []
    assert device.rollout.record.state is State.IDLE


def test_the_old_model_comes_back_though_the_disk_is_full(device: Device, new: str) -> None:
    device.models[new] = Model(watch=ran(errors=1))
    device.boot()
    write = device.file.write

    def until_watching(record: object) -> None:
        device.file.fails = device.file.states[-1:] == [State.WATCHING]
        write(record)  # type: ignore[arg-type]

    device.file.write = until_watching  # type: ignore[method-assign]

    device.run(wish_for(new))

    assert device.stage.serving == device.configured.folder.name
    assert device.store.model_in_use(device.configured) == CONFIGURED


def test_a_way_back_that_fails_ends_the_service(device: Device, new: str) -> None:
    """Only a new start helps, and that one finds that the model is to be taken back."""
    device.models[new] = Model(watch=ran(errors=1))
    device.boot()
    device.stage.back_error = ModelError("the old one does not answer")

    with pytest.raises(StuckChangeError, match="the old one does not answer"):
        device.run(wish_for(new))

    device.boot()
    assert device.bundle == device.configured
    assert device.rollout.record.state is State.ROLLED_BACK
