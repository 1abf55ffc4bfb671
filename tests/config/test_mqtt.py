"""Where the broker is, and that no password stands in the address."""

import pytest
from pydantic import ValidationError

from edgedet.config.mqtt import MqttSettings


@pytest.mark.parametrize("value", [False, "off", {"url": False}, {"url": "off"}])
def test_off_in_every_form(value: object) -> None:
    assert MqttSettings.model_validate(value).is_off


@pytest.mark.parametrize("value", ["embedded", {"url": "embedded"}])
def test_embedded_in_every_form(value: object) -> None:
    assert MqttSettings.model_validate(value).is_embedded


@pytest.mark.parametrize(
    "url",
    ["mqtt://127.0.0.1", "mqtts://broker.example:8883", "ws://broker:9001", "wss://broker/a/mqtt"],
)
def test_accepts(url: str) -> None:
    settings = MqttSettings(url=url)
    assert not settings.is_off
    assert not settings.is_embedded


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("tcp://127.0.0.1", "expected mqtt://host"),
        ("mqtt://", "expected mqtt://host"),
        ("127.0.0.1:1883", "expected mqtt://host"),
        ("mqtt://me:pw@host", "no credentials in the url"),
        ("mqtt://host:99999", "the port must be a number"),
        ("mqtt://host/site/device", "nothing behind the port"),
        ("wss://host/mqtt?token=1", "nothing behind the port"),
        ("mqtt://h\0x:1883", "blanks or control characters"),
        ("mqtt://h\nx", "blanks or control characters"),
        ("wss://host/m\x1bqtt", "blanks or control characters"),
        ("mqtt://a..b", "no host name"),
        ("mqtt://" + "a" * 64, "no host name"),
    ],
)
def test_refuses(url: str, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        MqttSettings(url=url)


@pytest.mark.parametrize("listen", ["127.0.0.1:0", "localhost:1883", "[::1]:1883"])
def test_accepts_addresses_to_listen_at(listen: str) -> None:
    assert MqttSettings(embedded_listen=listen).embedded_listen == listen


@pytest.mark.parametrize(
    "listen", ["1883", ":1883", "host", "host:x", "host:99999", "::1:1883", "h:٣"]
)
def test_refuses_addresses_to_listen_at(listen: str) -> None:
    with pytest.raises(ValidationError, match="expected host:port"):
        MqttSettings(embedded_listen=listen)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"tls": {"insecure": True}}, "tls does nothing for this url"),
        ({"url": "mqtts://b", "tls": {"key_file": "k"}}, "needs a cert_file"),
    ],
)
def test_refuses_what_would_do_nothing(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        MqttSettings.model_validate(settings)
