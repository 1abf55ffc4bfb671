"""The service as a process: the command line asks it for a model, and it is killed meanwhile."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from edgedet.cli import app
from edgedet.models.store import CONFIGURED, ModelStore
from tests.conftest import StartMosquitto, Subscribe
from tests.models.bundles import make_bundle
from tests.runs import PATTERN, tiny_settings, write_config
from tests.stream.fakes import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


class Service:
    """`edgedet run`, killed and started anew."""

    def __init__(self, config: Path) -> None:
        self.config = config
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "edgedet", "run", str(self.config)]
        with (self.config.parent / "log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        wait_until(lambda: bool(self.status()["service_runs"]))

    def end(self, *, kills: bool) -> None:
        if self.process is not None:
            self.process.kill() if kills else self.process.terminate()
            self.process.wait(30)

    def models(self, *arguments: str) -> str:
        command = ["models", *arguments, "--config", str(self.config)]
        result = CliRunner().invoke(app, command)
        assert result.exit_code == 0, result.output
        return result.output

    def status(self) -> dict[str, object]:
        found: dict[str, object] = json.loads(self.models("status", "--json"))
        return found

    def is_at(self, state: str) -> bool:
        rollout = self.status()["rollout"]
        assert isinstance(rollout, dict)
        return bool(rollout["state"] == state)


@pytest.fixture
def service(mosquitto: StartMosquitto, subscribe: Subscribe, tmp_path: Path) -> Iterator[Service]:
    broker = mosquitto()
    settings = tiny_settings(
        tmp_path,
        {"id": "a", "uri": PATTERN},
        mqtt={"url": broker.url, "will_delay_s": 0},
        rollout={"watch_minutes": 30, "shadow_s": 1},
    )
    service = Service(write_config(tmp_path, settings))
    subscriber = subscribe(broker.port, "edgedet/v1/lab/bench/#")
    service.start()
    subscriber.wait_for(lambda m: m.topic.endswith("/detections"))
    yield service
    service.end(kills=False)


def test_two_lives_and_then_the_old_one(service: Service, tmp_path: Path) -> None:
    service.models("install", str(make_bundle(tmp_path / "made", "7").folder))
    assert "the service proves tiny-7-" in service.models("activate", "tiny-7")
    wait_until(lambda: service.is_at("watching"))
    store = ModelStore(tmp_path / "state")
    model = store.find("tiny-7").id

    service.end(kills=True)
    service.start()
    assert service.is_at("watching")
    assert service.models("list").count("yes") == 1
    active = store.active()
    assert active is not None
    assert active.model == model

    service.end(kills=True)
    service.start()
    wait_until(lambda: service.is_at("rolled_back"))
    told = service.models("status")
    assert "in use: configured" in told
    assert "ended without order" in told
    active = store.active()
    assert active is not None
    assert active.model == CONFIGURED


def test_a_rollback_while_it_is_watched(service: Service, tmp_path: Path) -> None:
    service.models("install", str(make_bundle(tmp_path / "made", "7").folder), "--activate")
    wait_until(lambda: service.is_at("watching"))

    assert "goes back to configured" in service.models("rollback")

    wait_until(lambda: service.is_at("withdrawn"))
    assert "in use: configured" in service.models("status")
