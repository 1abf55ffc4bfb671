"""The promise of the spool, kept while broker and process are killed at random moments."""

import json
import random
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from edgedet.publish.in_flight import WINDOW
from edgedet.publish.spool.file import SpoolFile
from edgedet.publish.spool.store import FILE_NAME
from edgedet.publish.spool.writer import REMOVED_AT_ONCE
from tests.brokers import PATIENCE_S, Mosquitto, Subscriber
from tests.conftest import StartMosquitto
from tests.gate import Gate
from tests.publish.test_mqtt import PREFIX

ROOT = Path(__file__).parents[2]
LIVE = f"{PREFIX}/src/gate/events"
BACKLOG = f"{PREFIX}/backlog/gate/events"
EVENTS_PER_S = 150
SLACK_S = 0.005  # times are told in milliseconds


@dataclass(slots=True)
class Journal:
    """What the killed processes say they have published, and what of it was safe, by boot."""

    published: dict[str, int] = field(default_factory=dict)
    safe: dict[str, int] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> "Journal":
        journal = cls()
        for line in path.read_text(encoding="utf-8").splitlines():
            boot, published, safe = line.split()
            journal.published[boot] = int(published)
            journal.safe[boot] = int(safe)
        return journal

    @property
    def total(self) -> int:
        return sum(self.published.values())


class World:
    """A device that publishes, a broker, and a subscriber that misses nothing the broker tells.

    The device reaches the broker through a gate, which opens when the subscriber is there.
    """

    def __init__(self, broker: Mosquitto, folder: Path, spool: dict[str, object]) -> None:
        self.kills = 0
        self.state_dir = folder / "state"
        self.journal = folder / "journal"
        self.journal.touch()
        self._spool = json.dumps({"replay_per_s": 10_000, **spool})
        self._broker = broker
        self._subscriber = Subscriber(broker.port, f"{PREFIX}/#", qos=0)
        self._gate = Gate(broker.port, delay_s=0.05)
        self._gate.open()
        self._process: subprocess.Popen[bytes] | None = None

    def start_process(self, events_per_s: float = EVENTS_PER_S) -> None:
        script = Path(__file__).with_name("durable_process.py")
        arguments = (self._gate.url, self.state_dir, self.journal, events_per_s, self._spool)
        self._process = subprocess.Popen(
            [sys.executable, str(script), *map(str, arguments)],
            cwd=ROOT,
            env={"PYTHONPATH": str(ROOT)},
        )

    def kill_process(self, events_per_s: float = EVENTS_PER_S) -> None:
        """As the kernel does when memory is short; the next starts at once."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        self.kills += 1
        self.start_process(events_per_s)

    def kill_broker(self, absence_s: float) -> None:
        self._gate.shut()
        self._broker.kill()
        self.listen(absence_s)
        self._broker.start()
        self._subscriber.listen_again()
        self._gate.open()

    def cut(self) -> None:
        self._gate.slam()

    def listen(self, duration_s: float) -> None:
        self._subscriber.listen(duration_s)

    def listen_for(self, events: int) -> None:
        """Until this process has published so many more."""
        before = Journal.read(self.journal)
        end_s = time.monotonic() + 3 * PATIENCE_S  # a busy machine takes long to start Python
        while Journal.read(self.journal).total < before.total + events:
            assert time.monotonic() < end_s, "the process publishes nothing"
            self.listen(0.05)

    def drain(self) -> None:
        """Wait until nothing is left in the spool, and end the process in an orderly way."""
        before = set(Journal.read(self.journal).published)
        self.kill_process(events_per_s=0)
        end_s = time.monotonic() + 3 * PATIENCE_S
        while time.monotonic() < end_s:
            count = len(self._subscriber.messages)
            self.listen(1.0)
            if len(self._subscriber.messages) == count and self._is_online(before):
                break
        assert self._process is not None
        self._process.terminate()
        while self._process.poll() is None:
            self.listen(0.05)

    def close(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._gate.close()
        self._subscriber.close()

    def bodies(self, topic: str) -> list[dict[str, Any]]:
        return [m.body for m in self._subscriber.messages if m.topic == topic]

    @property
    def messages(self) -> list[tuple[str, dict[str, Any]]]:
        return [(m.topic, m.body) for m in self._subscriber.messages]

    def _is_online(self, before: set[str]) -> bool:
        """Whether a process that did not write in the journal `before` speaks to the broker."""
        boots = set(Journal.read(self.journal).published) - before
        return any(
            topic.endswith("/bench-01/status") and body["boot"] in boots
            for topic, body in self.messages
        )


@contextmanager
def _world(broker: Mosquitto, folder: Path, **spool: object) -> Iterator[World]:
    world = World(broker, folder, spool)
    try:
        world.start_process()
        yield world
    finally:
        world.close()


def _torment(world: World, kills: int, chance: random.Random) -> None:
    for _ in range(kills):
        world.listen_for(events=chance.randint(1, 100))
        what = chance.choice(("process", "process", "process", "broker", "cut", "both"))
        if what in ("process", "both"):
            world.kill_process()
        if what in ("broker", "both"):
            world.kill_broker(chance.uniform(0.0, 0.5))
        if what == "cut":
            world.cut()


def _delivered(world: World) -> dict[str, dict[int, dict[str, Any]]]:
    """By boot and number; of one that came more than once, that which tells of most losses."""
    found: dict[str, dict[int, dict[str, Any]]] = defaultdict(dict)
    for body in world.bodies(LIVE) + world.bodies(BACKLOG):
        before = found[body["boot"]].get(body["seq"])
        if before is None or body.get("lost_before", 0) > before.get("lost_before", 0):
            found[body["boot"]][body["seq"]] = body
    return found


def _check_nothing_is_old_on_the_live_topic(world: World) -> None:
    """Nothing that was made before the connection over which it came, but for a boot's first."""
    boot, session, since_s = "", 0, 0.0
    for topic, body in world.messages:
        if topic.endswith("/bench-01/status") and body["state"] == "online":
            boot, session, since_s = body["boot"], body["session"], _seconds(body["since"])
        if topic == LIVE:
            assert "replayed" not in body
            assert body["boot"] == boot
            age_s = since_s - _seconds(body["time"]["published"])
            assert age_s < (SLACK_S if session > 1 else 10.0), body


def _check_repeats_say_the_same(world: World) -> None:
    seen: dict[str, dict[str, Any]] = {}
    for topic, body in world.messages:
        if topic in (LIVE, BACKLOG):
            assert body.pop("replayed", False) is (topic == BACKLOG)
            body.pop("lost_before", None)
            assert seen.setdefault(body["id"], body) == body


def _seconds(utc: str) -> float:
    return datetime.fromisoformat(utc.replace("Z", "+00:00")).timestamp()


def _kept(world: World) -> int:
    file = SpoolFile(world.state_dir / FILE_NAME)
    try:
        return file.counts.total()
    finally:
        file.close()


def _no_event_is_lost(broker: Mosquitto, folder: Path, kills: int, seed: int) -> None:
    with _world(broker, folder, fsync_s=None) as world:
        _torment(world, kills, random.Random(seed))  # noqa: S311 - repeatable
        world.drain()

        journal, delivered = Journal.read(world.journal), _delivered(world)
        for boot, safe in journal.safe.items():
            numbers = sorted(delivered.get(boot, {}))
            assert numbers == list(range(len(numbers))), f"gaps in boot {boot}"
            assert safe <= len(numbers) <= journal.published[boot] + 1
        assert not any("lost_before" in body for _, body in world.messages)
        assert sum(map(len, delivered.values())) > 3 * kills  # else this shows nothing
        _check_nothing_is_old_on_the_live_topic(world)
        _check_repeats_say_the_same(world)
        assert _kept(world) == 0


@pytest.mark.timeout(300)
def test_no_event_is_lost_in_twenty_kills(mosquitto: StartMosquitto, tmp_path: Path) -> None:
    _no_event_is_lost(mosquitto(), tmp_path, kills=20, seed=1)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", range(2, 10))
def test_no_event_is_lost_in_hundreds_of_kills(
    mosquitto: StartMosquitto, tmp_path: Path, seed: int
) -> None:
    _no_event_is_lost(mosquitto(), tmp_path, kills=50, seed=seed)


def _losses_are_told(broker: Mosquitto, folder: Path, *, kills: int, seed: int) -> None:
    """With a spool that is much too small: broker away for long, process killed now and then."""
    chance = random.Random(seed)  # noqa: S311 - repeatable
    with _world(broker, folder, max_bytes=100_000) as world:
        for number in range(kills + 1):
            world.listen_for(events=chance.randint(50, 200))
            if number < kills:
                world.kill_process()
            world.kill_broker(absence_s=chance.uniform(2.5, 4.0))
        world.listen(1.0)
        world.drain()

        journal, delivered = Journal.read(world.journal), _delivered(world)
        missing: Counter[str] = Counter()
        for boot, published in journal.published.items():
            missing["at least"] += len(set(range(journal.safe[boot])) - set(delivered[boot]))
            missing["at most"] += published + 1 - len(delivered[boot])
        told = sum(b.get("lost_before", 0) for boot in delivered.values() for b in boot.values())
        # arrived, and the acknowledgement, or its being written down, died with the process
        doubtful = world.kills * (WINDOW + REMOVED_AT_ONCE)
        assert missing["at least"] > 50  # else this shows nothing
        assert missing["at least"] <= told <= missing["at most"] + doubtful
        if kills == 0:
            _check_gaps_are_told(delivered)
        _check_nothing_is_old_on_the_live_topic(world)


def _check_gaps_are_told(delivered: dict[str, dict[int, dict[str, Any]]]) -> None:
    for boot in delivered.values():
        before = -1
        for number in sorted(boot):
            assert boot[number].get("lost_before", 0) == number - before - 1
            before = number


@pytest.mark.timeout(180)
def test_gaps_are_what_was_lost_before(mosquitto: StartMosquitto, tmp_path: Path) -> None:
    _losses_are_told(mosquitto(), tmp_path, kills=0, seed=1)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", range(2, 6))
def test_losses_are_told_over_kills(mosquitto: StartMosquitto, tmp_path: Path, seed: int) -> None:
    _losses_are_told(mosquitto(), tmp_path, kills=8, seed=seed)
