"""Durable messages a second against what mosquitto takes, and what they cost a disk.

    python -m bench.spool [--messages 3000] [--rounds 5] [--folder /media/card]

Each way sends the same events at QoS 1 to one mosquitto, in turns, so that whatever else the
machine does falls on all of them; read the ratios, which are of medians within this run. With
`--folder` on the storage of the device the figures are that storage's.
"""

import argparse
import platform
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path

from edgedet.analytics import EndReason, EventType, ObjectEvent, SeenObject
from edgedet.clock import SystemClock
from edgedet.config.device import DeviceSettings
from edgedet.config.mqtt import MqttSettings
from edgedet.machine import machine_name
from edgedet.model_identity import ModelIdentity
from edgedet.publish.broker import Endpoint, Message, Protocol
from edgedet.publish.connection import Connection
from edgedet.publish.identity import new_boot_id
from edgedet.publish.link import LinkState
from edgedet.publish.mqtt import MqttSink
from edgedet.sim.mosquitto import Mosquitto

CLOCK = SystemClock()
MODEL = ModelIdentity("bench", "1", "0" * 64, "fp32", ("person",))
BARE = "bare connection, no spool"
WAYS: dict[str, dict[str, object]] = {
    "spool: off": {"kinds": ()},
    "fsync_s: null": {"fsync_s": None},
    "fsync_s: 1": {"fsync_s": 1.0},
    "fsync_s: 0": {"fsync_s": 0.0},
}
_PATIENCE_S = 300.0


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=3000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--folder", type=Path, help="where the spool lies; default: temporary")
    options = parser.parse_args()
    print(f"{machine_name()}, Python {platform.python_version()}, {options.messages} events a turn")
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        broker = Mosquitto(Path(name) / "broker").start()
        try:
            rates(broker, Path(name), options.messages, options.rounds)
            wear(broker, Path(name))
        finally:
            broker.stop()


def rates(broker: Mosquitto, folder: Path, count: int, rounds: int) -> None:
    """Messages a second, from the first to the last acknowledgement."""
    ways: dict[str, Callable[[], float]] = {BARE: lambda: _bare(broker, count)}
    for label, spool in WAYS.items():
        ways[label] = lambda spool=spool: _through_sink(broker, folder, spool, count)  # type: ignore[misc]
    ways["a backlog, fsync_s: 1"] = lambda: _backlog(broker, folder, count)
    figures: dict[str, list[float]] = {label: [] for label in ways}
    for _ in range(rounds):
        for label, way in ways.items():
            figures[label].append(count / way())
    bare = statistics.median(figures[BARE])
    print(f"{'way':<28} {'min':>8} {'median':>8} {'max':>8}  messages/s, and to the first")
    for label, found in figures.items():
        median = statistics.median(found)
        print(f"{label:<28} {min(found):8.0f} {median:8.0f} {max(found):8.0f}  {median / bare:.2f}")


def wear(broker: Mosquitto, folder: Path, per_s: float = 5.0, duration_s: float = 10.0) -> None:
    """What goes to the disk for each event of a quiet device, whose broker is there."""
    print(f"\n{per_s:.0f} events a second for {duration_s:.0f} s: KB written for each")
    for label, spool in WAYS.items():
        with _sink(broker.url, folder, spool) as sink:
            _connected(sink)
            before, count = _written_bytes(), round(per_s * duration_s)
            for _ in range(count):
                sink.publish_event(make_event())
                time.sleep(1 / per_s)
            _flush(sink)
            print(f"{label:<28} {(_written_bytes() - before) / count / 1000:8.1f}")


def make_event() -> ObjectEvent:
    """An event of the usual size: 0.5 KB."""
    now = datetime.now(timezone.utc)
    seen = SeenObject("6f1c-184", 0, 0.874, (0.4125, 0.33148, 0.47188, 0.65463))
    return ObjectEvent(
        "gate", "6f1c-184", EventType.END, 48213, now, now, 4.0, seen, reason=EndReason.LEFT
    )


@contextmanager
def _sink(url: str, folder: Path, spool: dict[str, object]) -> Iterator[MqttSink]:
    sink = MqttSink(
        MqttSettings.model_validate({"url": url, "spool": spool, "queue_size": 1000}),
        DeviceSettings(site="lab", name="bench"),
        MODEL,
        sources=("gate",),
        lossless=(),
        boot=new_boot_id(),
        state_dir=folder / "state",
        clock=CLOCK,
    )
    sink.start()
    try:
        yield sink
    finally:
        sink.close(_PATIENCE_S)


def _through_sink(broker: Mosquitto, folder: Path, spool: dict[str, object], count: int) -> float:
    with _sink(broker.url, folder, spool) as sink:
        _connected(sink)
        begin_s = time.perf_counter()
        for _ in range(count):
            while sink.stats.pending > 500:
                time.sleep(0.001)
            sink.publish_event(make_event())
        _flush(sink)
        return time.perf_counter() - begin_s


def _backlog(broker: Mosquitto, folder: Path, count: int) -> float:
    with _sink("mqtt://127.0.0.1:9", folder, {}) as sink:
        for number in range(count):
            while number - _written(sink) > 500:  # the queue before the disk has 1000 places
                time.sleep(0.001)
            sink.publish_event(make_event())
        while _written(sink) < count:
            time.sleep(0.01)
    with _sink(broker.url, folder, {}) as sink:
        _connected(sink)
        sink.flush(0)  # an end is near: the backlog need not be paced
        begin_s = time.perf_counter()
        while (spool := sink.stats.spool) is None or spool.replayed < count:
            time.sleep(0.005)
        return time.perf_counter() - begin_s


def _bare(broker: Mosquitto, count: int) -> float:
    """The client of the sink alone, with messages that are made already."""
    endpoint = Endpoint("127.0.0.1", broker.port, "bench-bare", keepalive_s=60, will_delay_s=0)
    connection = Connection(endpoint, None, Protocol.V5, CLOCK, lambda _token, _is_accepted: None)
    connection.open(lambda: False)
    payload = b"x" * 560
    begin_s = time.perf_counter()
    for number in range(count):
        while not connection.has_room:
            connection.poll(1.0)
        connection.send(
            Message("bench/events", payload, "edgedet.events/1", str(number), 1), number
        )
    while connection.in_flight:
        connection.poll(1.0)
    took_s = time.perf_counter() - begin_s
    connection.close()
    return took_s


def _written(sink: MqttSink) -> int:
    """Messages that are safe."""
    spool = sink.stats.spool
    return 0 if spool is None else spool.written


def _connected(sink: MqttSink) -> None:
    while sink.stats.state is not LinkState.CONNECTED:
        time.sleep(0.01)


def _flush(sink: MqttSink) -> None:
    if left := sink.flush(_PATIENCE_S):
        msg = f"{left} messages did not arrive within {_PATIENCE_S:.0f} s"
        raise RuntimeError(msg)


def _written_bytes() -> int:
    """What this process had the kernel write to disks so far."""
    lines = Path("/proc/self/io").read_text(encoding="ascii").splitlines()
    return int(next(line for line in lines if line.startswith("write_bytes")).split()[1])


if __name__ == "__main__":
    main()
