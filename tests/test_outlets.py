"""Which sinks a configuration has."""

import json
from pathlib import Path

import pytest

from edgedet.clock import SystemClock
from edgedet.config.settings import Settings
from edgedet.errors import ConfigError
from edgedet.model_identity import ModelIdentity
from edgedet.outlets import Outlets
from edgedet.publish.broker import Protocol
from edgedet.publish.fan_out import FanOut
from edgedet.publish.identity import Birth
from edgedet.publish.jsonl import JsonLinesSink
from edgedet.publish.mqtt import MqttSink
from tests.brokers import free_port
from tests.runs import PATTERN, tiny_settings
from tests.stream.fakes import wait_until

MODEL = ModelIdentity("tiny", "1", "0" * 64, "fp32", ("bright",))


def _outlets(settings: Settings) -> Outlets:
    return Outlets(
        settings,
        MODEL,
        SystemClock(),
        birth=Birth(),
        appends_jsonl=True,
        on_error=lambda _error: None,
    )


def test_nothing_where_everything_is_off(tmp_path: Path) -> None:
    outlets = _outlets(tiny_settings(tmp_path))
    outlets.start()
    assert isinstance(outlets.sink, FanOut)
    assert (outlets.broker_url, outlets.broker_state) == ("", "")
    assert outlets.sink.flush(0) == 0
    outlets.stop(5)


def test_one_sink_stands_for_itself(tmp_path: Path) -> None:
    outlets = _outlets(tiny_settings(tmp_path, jsonl=tmp_path / "out.jsonl"))
    assert isinstance(outlets.sink, JsonLinesSink)
    outlets.stop(5)


def test_appends_to_the_file_of_a_service(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    out.write_text("before\n", encoding="utf-8")
    _outlets(tiny_settings(tmp_path, jsonl=out)).stop(5)
    assert out.read_text(encoding="utf-8") == "before\n"


def test_mqtt_and_a_file_side_by_side(tmp_path: Path) -> None:
    url = f"mqtt://127.0.0.1:{free_port()}"
    outlets = _outlets(tiny_settings(tmp_path, jsonl=tmp_path / "o", mqtt={"url": url}))
    outlets.start()
    assert isinstance(outlets.sink, FanOut)
    assert outlets.broker_url == url
    assert outlets.broker_state != ""
    outlets.stop(5)


def test_the_embedded_broker_listens_before_anyone_connects(tmp_path: Path) -> None:
    pytest.importorskip("amqtt", reason="the extra `embedded` is not installed")
    port = free_port()
    mqtt = {"url": "embedded", "embedded_listen": f"127.0.0.1:{port}"}
    outlets = _outlets(tiny_settings(tmp_path, mqtt=mqtt))
    outlets.start()
    assert isinstance(outlets.sink, MqttSink)
    assert outlets.broker_url == f"mqtt://127.0.0.1:{port}"
    wait_until(lambda: outlets.broker_state == "connected")
    outlets.stop(10)


def test_home_assistant_is_told_of_the_counts_of_sources_that_are_followed(
    tmp_path: Path,
) -> None:
    mqtt = {"url": f"mqtt://127.0.0.1:{free_port()}", "home_assistant": {"enabled": True}}
    sources: tuple[dict[str, object], ...] = (
        {"id": "a", "uri": PATTERN},
        {"id": "b", "uri": PATTERN, "track": {"enabled": False}},
    )
    outlets = _outlets(tiny_settings(tmp_path, *sources, mqtt=mqtt, state_dir=tmp_path / "s"))
    assert outlets.mqtt is not None

    (message,) = outlets.mqtt.exchange.births(Protocol.V5)

    found = json.loads(message.payload)["cmps"]
    assert set(found) == {"a_connectivity", "a_fps", "a_count_bright", "b_connectivity", "b_fps"}
    outlets.stop(5)


def test_classes_to_count_are_the_models(tmp_path: Path) -> None:
    mqtt = {"home_assistant": {"enabled": True, "count_classes": ["dog"]}}
    with pytest.raises(ConfigError, match="no class 'dog'; expected some of bright"):
        _outlets(tiny_settings(tmp_path, mqtt=mqtt))
