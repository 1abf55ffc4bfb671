"""A stage that hangs ends the service and is told by the next run; a dead camera never does."""

import http.client
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from edgedet import startup as startup_module
from edgedet.app import Application, Event
from edgedet.config.health import HealthSettings
from edgedet.config.service import ServiceManager
from edgedet.config.settings import Settings
from edgedet.detect import create_detector
from edgedet.detect.base import Detector
from edgedet.errors import ConfigError
from edgedet.event import RunEnd, SourceState
from edgedet.health.last_run import RunRecord
from edgedet.monitoring import Monitoring, StalledError
from edgedet.stream.painter import Painter
from tests.brokers import free_port
from tests.health.notify_socket import NotifySocket
from tests.runs import PATTERN, tiny_settings
from tests.stream.fakes import FakeClock, wait_until

WAIT_S = 30.0
LIMIT_S = 1.5


Watched = Callable[..., "Service"]


class Gate:
    """Where a stage hangs once it is closed."""

    def __init__(self) -> None:
        self._open = threading.Event()
        self._open.set()

    def close(self) -> None:
        self._open.clear()

    def open(self) -> None:
        self._open.set()

    def hangs(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def through(*args: object, **kwargs: object) -> object:
            self._open.wait(WAIT_S)
            return call(*args, **kwargs)

        return through


class HangingDetector:
    """A real detector behind a gate."""

    def __init__(self, detector: Detector, gate: Gate) -> None:
        self._detector = detector
        self._gate = gate
        self.backend = detector.backend

    def infer(self, images_nhwc: NDArray[np.uint8]) -> NDArray[np.float32]:
        found: NDArray[np.float32] = self._gate.hangs(self._detector.infer)(images_nhwc)
        return found

    def close(self) -> None:
        self._detector.close()


class Service:
    """An application that is watched over, with a manager that listens."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        limits = HealthSettings.model_construct(stall_limit_s=LIMIT_S)
        settings = settings.model_copy(update={"health": limits})
        self.manager = NotifySocket(folder / "notify")
        self.state_dir = folder / "state"
        self.record = RunRecord(self.state_dir, FakeClock())
        self.record.begin("00000001")
        self.app = Application(settings)
        address = ServiceManager(self.manager.address, watchdog_s=1.0)
        self.monitoring = Monitoring(self.app, settings, self.record, address)

    def start(self) -> None:
        self.app.start()
        self.monitoring.start()

    def last_run(self) -> tuple[RunEnd, str]:
        last = RunRecord(self.state_dir, FakeClock()).begin("00000002")
        return last.end, last.detail

    def stop(self) -> None:
        self.app.stop(WAIT_S)
        self.monitoring.stop()
        self.manager.close()


@pytest.fixture
def gate() -> Iterator[Gate]:
    gate = Gate()
    yield gate
    gate.open()


@pytest.fixture
def watched(tmp_path: Path, gate: Gate) -> Iterator[Watched]:
    services: list[Service] = []

    def make(source: dict[str, object], **sections: object) -> Service:
        service = Service(tiny_settings(tmp_path, source, **sections), tmp_path)
        services.append(service)
        service.start()
        return service

    yield make
    gate.open()
    for service in services:
        service.stop()


SLOW = [pytest.param(stage, marks=pytest.mark.slow) for stage in ("prepare", "status")]


@pytest.mark.parametrize("stage", ["infer", "publish", *SLOW])
def test_a_stage_that_hangs_is_the_end(
    stage: str,
    watched: Watched,
    gate: Gate,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def hanging(*args: Any) -> HangingDetector:  # noqa: ANN401
        return HangingDetector(create_detector(*args), gate)

    if stage == "infer":
        monkeypatch.setattr(startup_module, "create_detector", hanging)
    if stage == "prepare":
        monkeypatch.setattr(Painter, "paint", gate.hangs(Painter.paint))
    service = watched({"id": "a", "uri": PATTERN})
    sink = service.app.parts.outlets.sink
    if stage in ("publish", "status"):
        name = "publish" if stage == "publish" else "publish_status"
        monkeypatch.setattr(sink, name, gate.hangs(getattr(sink, name)))
    service.manager.wait_for("READY=1", WAIT_S)
    service.manager.wait_for("WATCHDOG=1", WAIT_S)

    gate.close()
    if stage == "status":
        service.app.parts.feeds.records[0].change(SourceState.DEGRADED, "to be told")

    assert service.app.wait(WAIT_S) is Event.ENDED
    assert isinstance(service.app.error, StalledError)
    assert stage in str(service.app.error)
    service.monitoring.ending(Event.ENDED)
    assert "STOPPING=1" in service.manager.drain()[-1]
    end, detail = service.last_run()
    assert end is RunEnd.STALLED
    assert stage in detail
    assert f"thread '{stage}':" in caplog.text, "the log says where it hangs"


def test_a_dead_camera_is_no_reason(
    watched: Watched,
) -> None:
    service = watched({"id": "gate", "uri": f"rtsp://127.0.0.1:{free_port()}/1"})
    ready = service.manager.wait_for("READY=1", WAIT_S)
    assert "0 of 1 sources live" in ready
    for _ in range(8):  # two seconds of watchdog, more than the limit of a stage
        service.manager.wait_for("WATCHDOG=1", WAIT_S)
    assert service.app.wait(0.0) is None


@pytest.mark.parametrize(
    ("event", "error", "end"),
    [
        (Event.INTERRUPTED, None, RunEnd.STOPPED),
        (Event.ENDED, None, RunEnd.ENDED),
        (Event.ENDED, ValueError("broken\nstack"), RunEnd.CRASHED),
        (None, None, RunEnd.CRASHED),
    ],
)
def test_the_next_run_knows_how_this_one_ended(
    event: Event | None,
    error: Exception | None,
    end: RunEnd,
    watched: Watched,
) -> None:
    service = watched({"id": "a", "uri": PATTERN})
    wait_until(service.manager.drain)
    if error is not None:
        service.app.fail(error)

    service.monitoring.ending(event)

    found, detail = service.last_run()
    assert found is end
    if error is not None:
        assert detail == "ValueError: broken"


def test_the_page_shows_what_runs(watched: Watched) -> None:
    yard = {"name": "yard", "points": [[0.1, 0.1], [0.9, 0.1], [0.5, 0.9]]}
    source = {"id": "a", "uri": PATTERN, "zones": [yard]}
    service = watched(source, http={"listen": "127.0.0.1:0"})
    service.manager.wait_for("READY=1", WAIT_S)
    address = service.monitoring.url.removeprefix("http://")

    def ask(path: str) -> bytes:
        connection = http.client.HTTPConnection(address, timeout=WAIT_S)
        connection.request("GET", path)
        response = connection.getresponse()
        body = response.read()
        connection.close()
        assert response.status == 200, body
        return body

    wait_until(lambda: json.loads(ask("/api/state"))["sources"][0]["state"] == "live")
    assert json.loads(ask("/api/state"))["sources"][0]["zones"] == [yard]
    picture = cv2.imdecode(
        np.frombuffer(ask("/api/sources/a/frame.jpg"), np.uint8), cv2.IMREAD_COLOR
    )
    assert picture is not None
    assert picture.shape == (64, 96, 3)
    assert json.loads(ask("/readyz"))["status"] == "ok"
    assert b'edgedet_source_state{source="a",state="live"} 1.0' in ask("/metrics")
    assert service.app.parts.pipeline.tap.copied <= 2, "copied for those who asked only"


def test_a_token_that_is_none_is_refused_at_the_start(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("short")
    settings = tiny_settings(tmp_path, http={"listen": "0.0.0.0:0", "token_file": token})
    app = Application(settings)
    with pytest.raises(ConfigError, match=r"expected 16 or more"):
        Monitoring(app, settings, RunRecord(tmp_path, FakeClock()), ServiceManager())
    app.stop(WAIT_S)
