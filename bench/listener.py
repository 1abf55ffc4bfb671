"""Hears a broker: `python -m bench.listener PORT TOPICS FILE`; see `bench.broker.arrivals`."""

import json
import sys
import time
from pathlib import Path

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode


def main() -> None:
    """Listen until the process is ended."""
    port, topics, path = int(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    with path.open("w", encoding="utf-8", buffering=1) as file:

        def on_message(_client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
            now_s = time.monotonic()
            body = json.loads(message.payload)
            print(f"{now_s:.6f} {body['id']}", file=file)

        def on_subscribe(
            _client: mqtt.Client, _data: object, _mid: int, _codes: list[ReasonCode], _props: object
        ) -> None:
            print("ready", flush=True)

        client.on_message = on_message
        client.on_subscribe = on_subscribe
        client.connect("127.0.0.1", port)
        client.subscribe(topics)
        client.loop_forever()


if __name__ == "__main__":
    main()
