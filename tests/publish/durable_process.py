"""A process that publishes events until it is ended, or killed.

`python durable_process.py URL STATE_DIR JOURNAL EVENTS_PER_S SPOOL_JSON`. After each event a line
in the journal says its boot, how many it has published, and how many of them are safe.
"""

import json
import os
import signal
import sys
import threading
from pathlib import Path

from edgedet.clock import SystemClock
from edgedet.config.device import DeviceSettings
from edgedet.config.mqtt import MqttSettings
from edgedet.publish.identity import new_boot_id
from edgedet.publish.mqtt import MqttSink
from tests.publish.conftest import MODEL, make_event


def _main(url: str, state_dir: Path, journal: Path, events_per_s: float, spool: str) -> None:
    boot = new_boot_id()
    sink = MqttSink(
        MqttSettings.model_validate({"url": url, "spool": json.loads(spool)}),
        DeviceSettings(site="lab", name="bench-01"),
        MODEL,
        sources=("gate",),
        lossless=(),
        boot=boot,
        state_dir=state_dir,
        clock=SystemClock(),
    )
    must_end = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: must_end.set())
    sink.start()
    log = os.open(journal, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    published = 0
    while not must_end.wait(1 / events_per_s if events_per_s else 0.1):
        if events_per_s:
            sink.publish_event(make_event())
            published += 1
        spool_now = sink.stats.spool
        assert spool_now is not None
        os.write(log, f"{boot} {published} {spool_now.written}\n".encode())
    sink.close(5.0)


if __name__ == "__main__":
    _main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), float(sys.argv[4]), sys.argv[5])
