"""A configuration that is changed while everything runs."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from edgedet.app import Application
from edgedet.errors import CommandError, ConfigError
from tests.brokers import wait_until
from tests.reloads import Bench, ConfigFile, running
from tests.runs import PATTERN, tiny_settings

OTHER = PATTERN.replace("ball", "snow")


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with running(tmp_path) as bench:
        yield bench


def test_nothing_changed(bench: Bench) -> None:
    assert bench.reload() == {"applied": [], "reverted": [], "needs_restart": []}


def test_thresholds_are_changed_at_once(bench: Bench) -> None:
    bench.content["model"]["score_threshold"] = 0.77
    assert bench.reload()["applied"] == ["model.score_threshold"]
    assert bench.app.parts.pipeline.thresholds.score == 0.77


def test_the_next_change_of_the_model_goes_by_new_rules(bench: Bench) -> None:
    bench.content["rollout"] = {"shadow_s": 7, "desired": True, "band": {"min_agreement": 0.25}}
    report = bench.reload()
    assert report["applied"] == ["rollout.band", "rollout.shadow_s"]
    assert report["needs_restart"] == ["rollout.desired"]
    rules = bench.app.reloader.settings.rollout
    assert (rules.shadow_s, rules.band.min_agreement, rules.desired) == (7, 0.25, False)


def test_what_needs_a_restart_is_named_and_left(bench: Bench) -> None:
    bench.content["sources"][0]["realtime"] = False
    bench.content["batch"] = {"max_size": 2}
    bench.content["model"]["threads"] = 2
    bench.content["jsonl"] = None
    report = bench.reload()
    assert report["needs_restart"] == [
        "model.threads", "batch.max_size", "jsonl", "sources.a.realtime",
    ]  # fmt: skip
    assert report["applied"] == []
    assert bench.reload()["needs_restart"] == report["needs_restart"]


def test_a_file_with_problems_changes_nothing(bench: Bench) -> None:
    with pytest.raises(CommandError, match=r"sources\[0\].*colour"):
        bench.change(0, colour="red")
    bench.path.write_text("sources: [", encoding="utf-8")
    with pytest.raises(ConfigError):
        bench.app.reloader.reload()
    assert bench.is_live("a")


def test_an_application_without_a_file(tmp_path: Path) -> None:
    app = Application(tiny_settings(tmp_path))
    with pytest.raises(CommandError, match="no file to read"):
        app.reloader.command()
    app.stop()


def test_sighup_reads_the_file_anew(tmp_path: Path) -> None:
    config = ConfigFile(tmp_path)
    log = tmp_path / "log"
    with log.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "edgedet", "run", str(config.path), "--no-table"], stderr=file
        )
    try:
        assert wait_until(lambda: log.read_text().count(": live") >= 2), log.read_text()
        config.content["sources"][0]["uri"] = OTHER
        config.write()
        os.kill(process.pid, signal.SIGHUP)
        assert wait_until(lambda: "applied: sources.a.uri" in log.read_text()), log.read_text()
        config.path.write_text("sources: [", encoding="utf-8")
        os.kill(process.pid, signal.SIGHUP)
        assert wait_until(lambda: "going on as before" in log.read_text()), log.read_text()
        process.terminate()
        assert process.wait(20.0) == 0
    finally:
        process.kill()
        process.wait()


def test_a_request_during_a_reload_is_not_lost(bench: Bench) -> None:
    begun, go_on = threading.Semaphore(0), threading.Semaphore(0)

    def wait() -> None:
        begun.release()
        go_on.acquire(timeout=10.0)

    bench.app.reloader.on_end = wait
    bench.app.reloader.reload_soon()
    assert begun.acquire(timeout=10.0)
    bench.content["model"]["score_threshold"] = 0.66
    bench.write()
    bench.app.reloader.reload_soon()
    bench.app.reloader.reload_soon()
    go_on.release(2)
    assert begun.acquire(timeout=10.0)
    assert bench.app.parts.pipeline.thresholds.score == 0.66
    assert not begun.acquire(timeout=0.05)
