"""Sources that get other settings while everything runs."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from edgedet.errors import CommandError
from edgedet.event import SourceState
from tests.brokers import free_port, wait_until
from tests.reloads import Bench, running
from tests.runs import PATTERN

OTHER = PATTERN.replace("ball", "snow")


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with running(tmp_path) as bench:
        yield bench


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
    bench.app.reloader.changes.grace_s = 0.5
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


def test_sources_come_and_go(bench: Bench, tmp_path: Path) -> None:
    bench.drop("off")
    assert bench.add("new")["applied"] == ["sources.new (new)"]
    assert wait_until(lambda: bench.is_live("new"))
    assert bench.drop("b") == {
        "applied": ["sources.b (removed)"], "reverted": [], "needs_restart": []
    }  # fmt: skip
    assert bench.sources == ["a", "new"]
    assert bench.reload()["applied"] == []
    # numbers go on, as they are part of message ids
    assert bench.add("b")["applied"] == ["sources.b (new)"]
    assert wait_until(lambda: bench.is_live("b"))
    assert bench.app.stop(10.0)
    lines = (tmp_path / "out.jsonl").read_text().splitlines()
    ids = [json.loads(line)["id"] for line in lines]
    assert len(set(ids)) == len(ids)
    assert {json.loads(line)["source"] for line in lines} == {"a", "b", "new"}


def test_all_sources_are_exchanged_without_an_end_of_the_run(bench: Bench) -> None:
    bench.content["sources"] = [{"id": "other", "uri": PATTERN}]
    report = bench.reload()
    assert report["applied"][0] == "sources.other (new)"
    assert len(report["applied"]) == 4
    assert wait_until(lambda: bench.is_live("other"))
    assert not bench.app.parts.pipeline.has_ended


def test_a_run_that_ends_with_its_files_keeps_its_sources(tmp_path: Path) -> None:
    file = {"id": "a", "uri": f"{PATTERN}&frames=100000", "realtime": False}
    bench = Bench(tmp_path, sources=[file, {**file, "id": "b"}])
    bench.content["sources"].pop()
    assert bench.add("new")["needs_restart"] == ["sources.new (new)", "sources.b (removed)"]
    bench.app.stop(10.0)
