"""A process with a sink in it, to be killed: `python lone_sink.py URL WILL_DELAY_S STATE_DIR`."""

import sys
import time
from pathlib import Path

from edgedet.clock import SystemClock
from edgedet.config.device import DeviceSettings
from edgedet.config.mqtt import MqttSettings
from edgedet.publish.identity import new_boot_id
from edgedet.publish.mqtt import MqttSink
from tests.publish.conftest import MODEL

if __name__ == "__main__":
    sink = MqttSink(
        MqttSettings(url=sys.argv[1], will_delay_s=int(sys.argv[2])),
        DeviceSettings(site="lab", name="bench-01"),
        MODEL,
        sources=("gate",),
        lossless=(),
        boot=new_boot_id(),
        state_dir=Path(sys.argv[3]),
        clock=SystemClock(),
    )
    sink.start()
    time.sleep(60)
