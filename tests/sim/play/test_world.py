"""Everybody who takes part: what they are told is done, and they end."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edgedet.errors import ConfigError, SimError
from edgedet.sim.play.world import World
from edgedet.sim.scenario.schema import Head, Scenario
from edgedet.sim.scenario.steps import STEPS, AnyStep
from tests.brokers import MOSQUITTO, wait_until


def _step(**step: object) -> AnyStep:
    return next(STEPS[key].model_validate(step) for key in step if key in STEPS)


def _world(folder: Path, *steps: AnyStep, **head: object) -> World:
    least = {"name": "a", "about": "b", "timeline": [1]}
    sources = {"sources": [{"id": "made", "uri": "test://ball"}]}
    head = {"config": sources, **head}
    return World(Scenario(Head.model_validate({**least, **head}), steps), folder)


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def peer_world(tmp_path: Path, told: list[str]) -> Iterator[World]:
    world = _world(tmp_path, broker="peer", labels={}, files={"key": "k"})
    world.start(told.append)
    yield world
    world.close()
    world.close()


def test_a_world_of_servers(peer_world: World, told: list[str], tmp_path: Path) -> None:
    assert [line.split(" at ")[0] for line in told] == ["scripted peer", "label service"]
    assert (tmp_path / "key").read_text() == "k"
    assert peer_world.prefix == "edgedet/v1/sim/a"
    assert peer_world.act(_step(peer={"do": "refuse", "code": 0x87})) == "peer: refuse code=135"
    fault = {"do": "fault", "kind": "silent", "delay_s": 1}
    said = peer_world.act(_step(labels=fault))
    assert said == "label service: fault kind=silent delay_s=1.0"
    for deed in ("off", "on", "forgive"):
        peer_world.act(_step(labels={"do": deed}))
    assert peer_world.act(_step(publish={"topic": "cmd/x", "payload": {}})) == "publish cmd/x"


def test_a_runtime_is_started_held_and_stopped(peer_world: World) -> None:
    assert peer_world.act(_step(runtime="start")).startswith("runtime: start, process ")
    assert wait_until(lambda: "made" in peer_world.runtime.said(), 30.0)
    for deed in ("hold", "resume"):
        assert peer_world.act(_step(runtime=deed)) == f"runtime: {deed}"
    assert peer_world.act(_step(runtime="stop")) == "runtime: stop, ended with 0"
    assert not peer_world.expects_runtime
    peer_world.act(_step(runtime="start"))
    assert peer_world.act(_step(runtime="kill")) == "runtime: kill"


@pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is not installed")
def test_a_real_broker_is_under_control(tmp_path: Path, told: list[str]) -> None:
    world = _world(tmp_path, broker={"is_started": False, "persistence": True})
    world.start(told.append)
    try:
        assert told[0].endswith(", not started")
        for deed in (
            "start",
            "kill",
            "start",
            "hold",
            "stop",
            "start",
            "restart",
            "hold",
            "resume",
        ):
            assert world.act(_step(broker=deed)) == f"mosquitto: {deed}"
        world.act(_step(publish={"topic": "cmd/x", "payload": {"id": 1}}))
        assert wait_until(lambda: len(world.journal) == 1)
        assert world.journal.since()[0].topic == "edgedet/v1/sim/a/cmd/x"
    finally:
        world.close()


def test_a_small_disk_is_the_runtimes_own(tmp_path: Path, told: list[str]) -> None:
    world = _world(tmp_path, broker="none", disk={"size_mb": 1})
    try:
        world.start(told.append)
    except SimError as exc:
        world.close()
        pytest.skip(str(exc))
    try:
        assert world.act(_step(disk="fill")) == "disk: fill"
        with pytest.raises(OSError, match="No space left"):
            (tmp_path / "disk" / "state").write_bytes(bytes(10))
        world.act(_step(disk="free"))
        (tmp_path / "disk" / "state").write_bytes(bytes(10))
    finally:
        world.close()
    assert list((tmp_path / "disk").iterdir()) == []


def test_a_configuration_that_the_runtime_would_not_take_is_refused(
    tmp_path: Path, told: list[str]
) -> None:
    world = _world(tmp_path, broker="none", config={"sources": [{"id": "x"}], "bach": {}})
    with pytest.raises(ConfigError) as raised:
        world.start(told.append)
    world.close()
    assert raised.value.problems == (
        "config: sources[0].uri: missing; it is required",
        "config: bach: unknown key; did you mean 'batch'?",
    )


def test_topics_are_those_of_the_configuration(tmp_path: Path, told: list[str]) -> None:
    made = {"sources": [{"id": "made", "uri": "test://ball"}]}
    other = {"mqtt": {"topic_root": "t"}, "device": {"site": "x", "name": "y"}}
    for config, prefix in (({"mqtt": False}, "edgedet/v1/sim/a"), (other, "t/x/y")):
        world = _world(tmp_path, broker="none", config={**made, **config})
        world.start(told.append)
        world.close()
        assert world.prefix == prefix


def test_a_port_for_http_is_taken_only_where_it_is_asked(tmp_path: Path) -> None:
    check: dict[str, Any] = {"http": {"path": "/healthz"}}
    assert _world(tmp_path).http_port is None
    assert _world(tmp_path, _step(expect=check)).http_port
    assert _world(tmp_path, _step(never=check)).http_port
