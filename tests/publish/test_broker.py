"""From settings to a broker's address."""

from pathlib import Path

import pytest

from edgedet.config.mqtt import MqttSettings
from edgedet.errors import ConfigError
from edgedet.publish.broker import Protocol, endpoint_of


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("mqtt://broker", "mqtt://broker:1883"),
        ("mqtts://broker", "mqtts://broker:8883"),
        ("mqtt://10.0.0.5:1884", "mqtt://10.0.0.5:1884"),
        ("ws://broker", "ws://broker:80/mqtt"),
        ("wss://broker", "wss://broker:443/mqtt"),
        ("wss://broker:8443/a/b", "wss://broker:8443/a/b"),
        ("embedded", "mqtt://127.0.0.1:1883"),
    ],
)
def test_address_has_the_usual_port_unless_told(url: str, shown: str) -> None:
    endpoint = endpoint_of(MqttSettings(url=url), "edgedet-x")

    assert str(endpoint) == shown
    assert endpoint.protocol is (Protocol.V311 if url == "embedded" else Protocol.V5)


def test_password_comes_from_its_file_and_is_not_shown(tmp_path: Path) -> None:
    path = tmp_path / "password"
    path.write_text("s3cret\n", encoding="utf-8")

    endpoint = endpoint_of(MqttSettings(username="edge", password_file=path), "edgedet-x")

    assert endpoint.password == "s3cret"  # noqa: S105 - a test's
    assert "s3cret" not in repr(endpoint)


def test_unreadable_password_file_is_refused_at_start(tmp_path: Path) -> None:
    settings = MqttSettings(username="edge", password_file=tmp_path / "absent")

    with pytest.raises(ConfigError, match="password_file: cannot read"):
        endpoint_of(settings, "edgedet-x")


def test_missing_authority_file_is_refused_at_start(tmp_path: Path) -> None:
    settings = MqttSettings.model_validate(
        {"url": "mqtts://broker", "tls": {"ca_file": tmp_path / "absent.pem"}}
    )

    with pytest.raises(ConfigError, match=r"mqtt\.tls: cannot use .*absent\.pem"):
        endpoint_of(settings, "edgedet-x")
