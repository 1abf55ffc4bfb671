"""How a run ends: by itself, by its duration, by a signal, by an outlet that is stuck."""

import os
import signal
from pathlib import Path

import pytest

from edgedet.app import Application
from edgedet.commands import session
from edgedet.commands.session import run_to_end
from edgedet.config.settings import Settings
from edgedet.stream.view import Snapshot
from tests.brokers import free_port
from tests.runs import PATTERN, read_lines, tiny_settings


def _run(settings: Settings, duration_s: float | None = None) -> tuple[int, list[Snapshot]]:
    shown: list[Snapshot] = []
    app = Application(settings)
    code = run_to_end(app, show=shown.append, refresh_s=0.05, duration_s=duration_s)
    return code, shown


def test_a_finite_run_ends_with_0(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    code, shown = _run(tiny_settings(tmp_path, jsonl=out))
    assert code == 0
    assert len(read_lines(out)) == 30
    assert shown[-1].frames == 30


def test_ends_after_its_duration(tmp_path: Path) -> None:
    code, shown = _run(tiny_settings(tmp_path, {"id": "a", "uri": PATTERN}), duration_s=1.0)
    assert code == 0
    assert len(shown) > 1


def test_messages_without_a_broker_are_counted_as_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(session, "FLUSH_TIMEOUT_S", 0.3)
    url = f"mqtt://127.0.0.1:{free_port()}"
    code, _ = _run(tiny_settings(tmp_path, mqtt={"url": url}))
    assert code == 1
    assert "messages were not handed over" in caplog.text
    assert url in caplog.text


def test_messages_that_are_on_disk_are_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(session, "FLUSH_TIMEOUT_S", 0.3)
    url = f"mqtt://127.0.0.1:{free_port()}"
    mqtt = {"url": url, "spool": {"kinds": ["detections"]}}
    code, _ = _run(tiny_settings(tmp_path, mqtt=mqtt))
    assert code == 1
    assert "30 of them are on disk" in caplog.text


def test_gives_up_when_the_outlet_is_stuck(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(session, "FLUSH_TIMEOUT_S", 0.3)
    endless = {"id": "a", "uri": f"{PATTERN}&frames=100000", "realtime": False}
    mqtt = {"url": f"mqtt://127.0.0.1:{free_port()}", "queue_size": 5}
    code, _ = _run(tiny_settings(tmp_path, endless, mqtt=mqtt))
    assert code == 1
    assert "the outlet took nothing" in caplog.text


def test_a_broken_model_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    settings = tiny_settings(tmp_path)
    (settings.model.bundle / "model.onnx").write_bytes(b"no model")
    code, _ = _run(settings)
    assert code == 1
    assert "stopped: " in caplog.text


def test_a_signal_ends_it_and_the_handlers_are_put_back(tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGTERM)
    app = Application(tiny_settings(tmp_path, {"id": "a", "uri": PATTERN}))

    def show(snapshot: Snapshot) -> None:
        if snapshot.frames and not sent:
            sent.append(True)
            os.kill(os.getpid(), signal.SIGTERM)

    sent: list[bool] = []
    assert run_to_end(app, show=show, refresh_s=0.05) == 0
    assert sent == [True]
    assert signal.getsignal(signal.SIGTERM) is before
