"""A configuration that is changed while everything runs."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edgedet.app import Application
from edgedet.config.load import load_settings
from edgedet.errors import CommandError, ConfigError
from edgedet.event import SourceState
from tests.brokers import free_port, wait_until
from tests.runs import PATTERN, tiny_settings

OTHER = PATTERN.replace("ball", "snow")


class ConfigFile:
    """A configuration with two live patterns and a disabled one."""

    def __init__(self, folder: Path) -> None:
        bundle = tiny_settings(folder).model.bundle
        self.content: dict[str, Any] = {
            "model": {"bundle": str(bundle), "backend": "onnxruntime", "threads": 1},
            "sources": [
                {"id": "a", "uri": PATTERN},
                {"id": "b", "uri": PATTERN},
                {"id": "off", "uri": PATTERN, "enabled": False},
            ],
            "mqtt": "off",
            "jsonl": str(folder / "out.jsonl"),
            "state_dir": str(folder / "state"),
        }
        self.path = folder / "edgedet.yaml"
        self.write()

    def write(self) -> None:
        self.path.write_text(json.dumps(self.content), encoding="utf-8")


class Bench(ConfigFile):
    """An application that runs such a file."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.app = Application(
            load_settings(self.path, {}).settings,
            read_settings=lambda: load_settings(self.path, {}).settings,
        )

    def change(self, source: int, **values: object) -> dict[str, Any]:
        """Change a source in the file, and reload."""
        self.content["sources"][source].update(values)
        return self.reload()

    def reload(self) -> dict[str, Any]:
        self.write()
        return self.app.reloader.command()

    def state(self, source_id: str) -> SourceState:
        views = {view.status.source_id: view for view in self.app.snapshot().sources}
        return views[source_id].status.state

    def is_live(self, source_id: str) -> bool:
        return self.state(source_id) is SourceState.LIVE


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    bench.app.start()
    try:
        assert wait_until(lambda: bench.is_live("a") and bench.is_live("b"))
        yield bench
    finally:
        assert bench.app.stop(10.0)


def test_nothing_changed(bench: Bench) -> None:
    assert bench.reload() == {"applied": [], "reverted": [], "needs_restart": []}


def test_one_source_is_changed_and_its_neighbour_is_left_alone(bench: Bench) -> None:
    report = bench.change(0, uri=OTHER, stall_timeout_s=7, max_fps=5)
    assert report["applied"] == ["sources.a.max_fps", "sources.a.stall_timeout_s", "sources.a.uri"]
    assert report["reverted"] == report["needs_restart"] == []
    assert bench.is_live("a")
    assert bench.is_live("b")
    assert bench.reload()["applied"] == []


def test_zones_and_rates_are_changed_without_opening_the_source(bench: Bench) -> None:
    before = bench.app.snapshot().sources[0].status
    zone = {"name": "all", "points": [[0, 0], [1, 0], [1, 1], [0, 1]]}
    report = bench.change(0, zones=[zone], priority=2)
    assert report["applied"] == ["sources.a.priority", "sources.a.zones"]
    assert bench.app.snapshot().sources[0].status.since == before.since
    with pytest.raises(CommandError, match="the model knows no class 'unicorn'"):
        bench.change(0, objects={"classes": ["unicorn"]})


def test_message_ids_stay_unique(bench: Bench, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    seen = len(out.read_text().splitlines())
    bench.change(0, uri=OTHER)
    assert wait_until(lambda: len(out.read_text().splitlines()) > seen + 20)
    assert bench.app.stop(10.0)
    ids = [json.loads(line)["id"] for line in out.read_text().splitlines()]
    assert len(set(ids)) == len(ids)


def test_a_source_that_does_not_come_back_is_reverted(bench: Bench) -> None:
    away = f"rtsp://127.0.0.1:{free_port()}/1"
    bench.app.reloader.grace_s = 0.5
    report = bench.change(0, uri=away, open_timeout_s=0.5)
    assert [entry["source"] for entry in report["reverted"]] == ["a"]
    assert report["applied"] == []
    assert wait_until(lambda: bench.is_live("a"))
    assert bench.is_live("b")
    # the file still asks for it: the next reload tries it again
    assert bench.reload()["reverted"]


def test_disabled_and_enabled(bench: Bench) -> None:
    assert bench.state("off") is SourceState.DISABLED
    assert bench.change(2, enabled=True)["applied"] == ["sources.off.enabled"]
    assert wait_until(lambda: bench.is_live("off"))
    assert bench.change(0, enabled=False)["applied"] == ["sources.a.enabled"]
    assert wait_until(lambda: bench.state("a") is SourceState.DISABLED)


def test_thresholds_are_changed_at_once(bench: Bench) -> None:
    bench.content["model"]["score_threshold"] = 0.77
    assert bench.reload()["applied"] == ["model.score_threshold"]
    assert bench.app.parts.pipeline.thresholds.score == 0.77


def test_what_needs_a_restart_is_named_and_left(bench: Bench) -> None:
    bench.content["sources"][0]["realtime"] = False
    bench.content["sources"].append({"id": "new", "uri": PATTERN})
    bench.content["batch"] = {"max_size": 2}
    bench.content["model"]["threads"] = 2
    bench.content["jsonl"] = None
    report = bench.reload()
    assert report["needs_restart"] == [
        "model.threads", "batch.max_size", "jsonl", "sources.new (new)", "sources.a.realtime",
    ]  # fmt: skip
    assert report["applied"] == []
    assert bench.reload()["needs_restart"] == report["needs_restart"]


def test_a_source_that_is_gone_is_stopped(bench: Bench) -> None:
    del bench.content["sources"][1]
    report = bench.reload()
    assert report["needs_restart"] == ["sources.b (removed: it is stopped)"]
    assert wait_until(lambda: bench.state("b") is SourceState.DISABLED)
    assert bench.is_live("a")


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
