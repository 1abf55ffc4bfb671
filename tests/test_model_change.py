"""A running application, real models, a real broker: what takes over, and what is kept out."""

import json
import uuid
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from edgedet.app import Application
from edgedet.config.settings import Settings
from edgedet.event import LastRun, RunEnd
from edgedet.manifest import Bundle, read_bundle
from edgedet.model_change import ModelChange
from edgedet.models.store import CONFIGURED, ModelStore
from edgedet.publish.identity import Birth
from edgedet.rollout.record import Record, RecordFile, State
from tests.brokers import Mosquitto, Received, Subscriber
from tests.conftest import StartMosquitto, Subscribe
from tests.detect.tiny_bundle import make_slow_bundle
from tests.models.bundles import make_bundle
from tests.rollout.bundles import (
    make_blind_bundle,
    make_broken_bundle,
    make_fragile_bundle,
    make_misshapen_bundle,
)
from tests.runs import PATTERN, tiny_settings
from tests.stream.fakes import START_UTC, FakeClock

PREFIX = "edgedet/v1/lab/bench"
WAIT_S = 60.0
pytestmark = pytest.mark.timeout(300)
ALLOWED = ["models-install", "models-activate", "models-rollback", "models-list"]


class Device:
    """An application, what others hear of it, and what they tell it."""

    def __init__(self, folder: Path, broker: Mosquitto, subscriber: Subscriber) -> None:
        self.folder = folder
        self.subscriber = subscriber
        self._broker = broker
        self.app: Application | None = None

    def start(self, birth: Birth | None = None, **rollout: object) -> None:
        places = {"allow_from": [str(self.folder)], "require_signature": False, "desired": True}
        settings = tiny_settings(
            self.folder,
            {"id": "a", "uri": PATTERN},
            mqtt={
                "url": self._broker.url,
                "commands": {"enabled": True, "allow": ALLOWED},
                "will_delay_s": 0,
            },
            rollout={
                "watch_minutes": 0.05,
                "shadow_s": 1,
                "band": {"max_latency": 20},  # of a millisecond, on a machine with much to do
                **places,
                **rollout,
            },
        )
        self.app = Application(settings, birth=birth)
        self.app.start()

    def stop(self) -> None:
        if self.app is not None:
            assert self.app.stop(WAIT_S)
            self.app = None

    def desire(self, **body: object) -> str:
        """Publish a desired state; its id."""
        made = {"schema": "edgedet.desired_model/1", "id": str(uuid.uuid4()), **body}
        topic = f"{PREFIX}/desired/model"
        self.subscriber.publish(topic, json.dumps(made).encode(), retain=True)
        return str(made["id"])

    def command(self, name: str, **args: object) -> dict[str, Any]:
        command = {"schema": "edgedet.command/1", "id": str(uuid.uuid4()), "args": args}
        self.subscriber.publish(f"{PREFIX}/cmd/{name}", json.dumps(command).encode())
        found = self.subscriber.wait_for(
            lambda m: m.topic == f"{PREFIX}/reply/{name}" and m.body["id"] == command["id"], WAIT_S
        )
        return found.body

    def rollout(self, state: State, to: str = "") -> dict[str, Any]:
        """What info says once a change to a model of that begin has got so far."""
        found = self.subscriber.wait_for(lambda m: _is_at(m, state, to), WAIT_S)
        assert isinstance(found.body["rollout"], dict)
        return found.body["rollout"]

    def serving(self) -> str:
        """The version of the model that answers from now on."""
        count = len([m for m in self.subscriber.messages if _is_detection(m)])
        found = self.subscriber.wait_for_all(_is_detection, count + 10, WAIT_S)
        return str(found[-1].body["model"]["version"])


def _rollout(message: Received) -> dict[str, Any]:
    """What info says of a change; empty if this is no info, or it says nothing."""
    found = message.body.get("rollout") if message.topic == f"{PREFIX}/info" else None
    return found if isinstance(found, dict) else {}


def _is_at(message: Received, state: State, to: str) -> bool:
    rollout = _rollout(message)
    return rollout.get("state") == state.value and rollout["to"].startswith(to)


def _has_failed(message: Received, desired_id: str) -> bool:
    desired = _rollout(message).get("desired") or {}
    return (desired.get("id"), desired.get("outcome")) == (desired_id, "failed")


def _is_detection(message: Received) -> bool:
    return message.topic == f"{PREFIX}/src/a/detections"


@pytest.fixture
def device(mosquitto: StartMosquitto, subscribe: Subscribe, tmp_path: Path) -> Iterator[Device]:
    broker = mosquitto()
    device = Device(tmp_path, broker, subscribe(broker.port, f"{PREFIX}/#"))
    yield device
    device.stop()


def _place(bundle: Bundle) -> dict[str, str]:
    return {"url": str(bundle.folder), "sha256": bundle.digest}


def test_what_is_desired_takes_over_and_what_does_not_fit_does_not(device: Device) -> None:
    device.start()
    assert device.serving() == "1"
    bundle = make_bundle(device.folder / "good", "7", class_names=["bright", "b"])

    good = device.desire(**_place(bundle))
    told = device.rollout(State.SETTLED, "tiny-7")
    assert told["desired"]["id"] == good
    assert told["asked_by"] == "desired"
    assert device.serving() == "7"
    info = device.subscriber.wait_for(lambda m: _is_at(m, State.SETTLED, "tiny-7")).body
    assert (info["model"]["version"], info["model"]["class_names"]) == ("7", ["bright", "b"])

    device.desire(**_place(make_bundle(device.folder / "other", "8")))
    assert "are bright, those in use are bright, b" in device.rollout(State.REFUSED)["reason"]
    assert device.serving() == "7"


@pytest.mark.slow
def test_one_that_is_good_one_that_sees_nothing_and_one_that_fails_in_use(device: Device) -> None:
    device.start()
    device.desire(**_place(make_bundle(device.folder / "good", "7")))
    device.rollout(State.SETTLED, "tiny-7")

    device.desire(**_place(make_blind_bundle(device.folder / "blind")))
    told = device.rollout(State.REFUSED, "tiny-blind")
    assert "agrees with the model in use on 0.0%" in told["reason"] or "sees 0.00" in told["reason"]
    assert device.serving() == "7"

    device.stop()
    device.start(Birth(), shadow_s=0)
    assert device.serving() == "7"
    device.desire(**_place(make_fragile_bundle(device.folder / "fragile")))
    told = device.rollout(State.ROLLED_BACK, "tiny-fragile")
    assert "failed in use" in told["reason"]
    assert told["serving"].startswith("tiny-7-")
    assert device.serving() == "7"


@pytest.mark.slow
def test_every_kind_of_bad_bundle_leaves_the_old_one_serving(device: Device) -> None:
    corrupt = make_bundle(device.folder / "corrupt", "corrupt")
    corrupt.model_path.write_bytes(corrupt.model_path.read_bytes()[:-1])
    kinds = {
        "corrupt": (corrupt, "not the file that the manifest names"),
        "order": (make_bundle(device.folder / "order", "order", class_names=["dark"]), "are dark"),
        "broken": (make_broken_bundle(device.folder / "broken"), ""),
        "misshapen": (make_misshapen_bundle(device.folder / "misshapen"), ""),
        "slow": (make_slow_bundle(device.folder / "slow"), "times as long as the model before"),
        "fragile": (make_fragile_bundle(device.folder / "fragile"), "failed beside"),
    }
    device.start(watch_minutes=2)  # enough for a slow one to be found out
    for name, (bundle, reason) in kinds.items():
        wanted = device.desire(**_place(bundle))
        found = device.subscriber.wait_for(partial(_has_failed, desired_id=wanted), 2 * WAIT_S)
        assert reason in found.body["rollout"]["reason"], name
        assert device.serving() == "1", name


@pytest.mark.slow
def test_commands_install_activate_and_go_back(device: Device) -> None:
    device.start(watch_minutes=0)
    assert device.serving() == "1"
    bundle = make_bundle(device.folder / "made", "7")

    reply = device.command("models-install", **_place(bundle))
    assert (reply["status"], reply["result"]["rollout"]["state"]) == ("ok", "idle")
    installed = device.rollout(State.INSTALLED)["to"]
    listed = device.command("models-list")["result"]
    assert [(each["id"], each["in_use"]) for each in listed["models"]] == [
        ("configured", True),
        (installed, False),
    ]

    assert device.command("models-activate", model=installed)["status"] == "ok"
    device.rollout(State.SETTLED, installed)
    assert device.serving() == "7"

    assert device.command("models-rollback")["status"] == "ok"
    device.rollout(State.SETTLED, "configured")
    assert device.serving() == "1"


@pytest.mark.parametrize(
    ("name", "args", "reason"),
    [
        ("models-activate", {"model": "person-9"}, "there is no installed model 'person-9'"),
        ("models-install", {"url": "/etc", "sha256": "0" * 64}, "rollout.allow_from names"),
        ("models-install", {"url": "x"}, "sha256"),
        ("models-rollback", {}, "there is no model before the present one"),
    ],
)
def test_what_cannot_be_had_is_refused_at_once(
    device: Device, name: str, args: dict[str, str], reason: str
) -> None:
    device.start()
    assert device.serving() == "1"

    reply = device.command(name, **args)

    assert reply["status"] == "error"
    assert reason in reply["reason"]


def _watched(folder: Path) -> tuple[Settings, str]:
    """Settings of a device on which a model is being watched."""
    settings = tiny_settings(folder, {"id": "a", "uri": PATTERN})
    configured = read_bundle(settings.model.bundle)
    store = ModelStore(settings.state_dir)
    model = store.add(make_bundle(folder / "made", "7").folder).id
    store.activate(model, configured, START_UTC, "a test")
    record = Record(
        state=State.WATCHING,
        before=CONFIGURED,
        to=model,
        configured_sha256=configured.digest,
    )
    RecordFile(store.folder).write(record)
    return settings, model


def test_where_nothing_can_be_written_a_watched_model_is_not_tried_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings, _ = _watched(tmp_path)
    lock = settings.state_dir / "models" / "service.lock"
    lock.mkdir()

    change = ModelChange(settings, None, FakeClock())

    assert change.bundle.folder == settings.model.bundle
    assert "no model is changed while the service runs: cannot open the lock" in caplog.text
    assert change.figures() is None
    assert change.stop(1.0)


def test_a_second_service_leaves_the_models_to_the_first(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings, model = _watched(tmp_path)
    first = ModelChange(settings, LastRun(RunEnd.STOPPED), FakeClock())
    assert first.bundle.folder.name == model

    ModelChange(settings, LastRun(RunEnd.KILLED), FakeClock())

    assert "another edgedet uses the models" in caplog.text
    assert RecordFile(settings.state_dir / "models").read().deaths == 0
    assert first.stop(1.0)
    third = ModelChange(settings, LastRun(RunEnd.KILLED), FakeClock())
    assert RecordFile(settings.state_dir / "models").read().deaths == 1
    assert third.stop(1.0)


def test_a_run_that_ends_by_itself_leaves_everything_as_it_is(tmp_path: Path) -> None:
    settings, model = _watched(tmp_path)
    finite = tiny_settings(tmp_path)

    assert ModelChange(finite, None, FakeClock()).bundle.folder.name == model
    assert not (settings.state_dir / "models" / "service.lock").exists()
