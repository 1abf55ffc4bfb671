"""The service as a process: the command line asks it for a model, and it is killed meanwhile."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from edgedet.cli import app
from edgedet.models.store import CONFIGURED, ModelStore
from edgedet.rollout.claim import is_claimed
from edgedet.rollout.record import RecordFile, State
from tests.conftest import StartMosquitto, Subscribe
from tests.models.bundles import make_bundle
from tests.runs import PATTERN, tiny_settings, write_config
from tests.stream.fakes import wait_until

WAIT_S = 120.0

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


class Service:
    """`edgedet run`, killed and started anew."""

    def __init__(self, config: Path) -> None:
        self.config = config
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "edgedet", "run", str(self.config)]
        with (self.config.parent / "log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        wait_until(lambda: is_claimed(self.config.parent / "state" / "models"), WAIT_S)

    def end(self, *, kills: bool) -> None:
        if self.process is not None:
            self.process.kill() if kills else self.process.terminate()
            self.process.wait(30)

    def models(self, *arguments: str) -> str:
        command = ["models", *arguments, "--config", str(self.config)]
        result = CliRunner().invoke(app, command)
        assert result.exit_code == 0, result.output
        return result.output

    def wait_for(self, state: State) -> None:
        """Look into the file, which costs less than to ask the command each time."""
        file = RecordFile(self.config.parent / "state" / "models")
        wait_until(lambda: file.read().state is state, WAIT_S)


@pytest.fixture
def service(mosquitto: StartMosquitto, subscribe: Subscribe, tmp_path: Path) -> Iterator[Service]:
    broker = mosquitto()
    settings = tiny_settings(
        tmp_path,
        {"id": "a", "uri": PATTERN},
        mqtt={"url": broker.url, "will_delay_s": 0},
        rollout={"watch_minutes": 30, "shadow_s": 1, "band": {"max_latency": 0}},
    )
    service = Service(write_config(tmp_path, settings))
    subscriber = subscribe(broker.port, "edgedet/v1/lab/bench/#")
    service.start()
    subscriber.wait_for(lambda m: m.topic.endswith("/detections"), WAIT_S)
    yield service
    service.end(kills=False)


def test_two_lives_and_then_the_old_one(service: Service, tmp_path: Path) -> None:
    service.models("install", str(make_bundle(tmp_path / "made", "7").folder))
    assert "the service proves tiny-7-" in service.models("activate", "tiny-7")
    service.wait_for(State.WATCHING)
    store = ModelStore(tmp_path / "state")
    model = store.find("tiny-7").id

    service.end(kills=True)
    service.start()
    service.wait_for(State.WATCHING)
    assert service.models("list").count("yes") == 1
    active = store.active()
    assert active is not None
    assert active.model == model

    service.end(kills=True)
    service.start()
    service.wait_for(State.ROLLED_BACK)
    told = service.models("status")
    assert "in use: configured" in told
    assert "ended without order" in told
    active = store.active()
    assert active is not None
    assert active.model == CONFIGURED


def test_a_rollback_while_it_is_watched(service: Service, tmp_path: Path) -> None:
    service.models("install", str(make_bundle(tmp_path / "made", "7").folder), "--activate")
    service.wait_for(State.WATCHING)

    assert "goes back to configured" in service.models("rollback")

    service.wait_for(State.WITHDRAWN)
    assert "in use: configured" in service.models("status")
