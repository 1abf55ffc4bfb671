"""`edgedet sub` at a real broker, beside a real sink."""

import json
import logging
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt import publish as client

from edgedet.app import Application, Event
from edgedet.cli import main
from tests.brokers import Mosquitto, free_port
from tests.conftest import StartMosquitto
from tests.runs import tiny_settings, write_config

PREFIX = "edgedet/v1/lab/bench"


@pytest.fixture(autouse=True)
def own_log(monkeypatch: pytest.MonkeyPatch) -> None:
    """Puts back the log that the command line sets up, on a stream that ends with the test."""
    monkeypatch.setattr(logging.getLogger(), "handlers", [*logging.getLogger().handlers])
    monkeypatch.setattr(logging.getLogger(), "level", logging.getLogger().level)


def _sub(*options: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["sub", *options])
    assert isinstance(ended.value.code, int)
    return ended.value.code


def _retain(broker: Mosquitto, topic: str, payload: str) -> None:
    client.single(topic, payload, qos=1, retain=True, port=broker.port)


def _lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_invalid_message_is_shown_and_fails_with_validate(
    mosquitto: StartMosquitto, capsys: pytest.CaptureFixture[str]
) -> None:
    broker = mosquitto()
    _retain(broker, f"{PREFIX}/status", '{"schema": "edgedet.status/1"}')

    assert _sub("--url", broker.url, "--count", "1") == 0
    assert _sub("--url", broker.url, "--count", "1", "--validate") == 1

    out = capsys.readouterr().out
    assert "invalid: 'boot' is a required property" in out
    assert "1 messages, 1 invalid" in out


def test_what_a_run_leaves_with_the_broker_is_valid(
    mosquitto: StartMosquitto, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broker = mosquitto()
    app = Application(tiny_settings(tmp_path, mqtt={"url": broker.url}))
    app.start()
    assert app.wait(30.0) is Event.ENDED
    app.flush(30.0)
    assert app.stop(30.0)

    # the status of device and source, and info
    assert _sub("--url", broker.url, "--count", "3", "--seconds", "20", "--validate") == 0

    out = capsys.readouterr().out
    assert f"{PREFIX}: stopped" in out
    assert f"{PREFIX}/src/a: unknown" in out  # its device has left


def test_json_has_a_line_for_each_message_and_a_summary(
    mosquitto: StartMosquitto, capsys: pytest.CaptureFixture[str]
) -> None:
    broker = mosquitto()
    _retain(broker, "other/topic", "x" * 300)

    assert _sub("--url", broker.url, "--topic", "other/#", "--count", "1", "--json") == 0

    message, summary = _lines(capsys)
    assert (message["topic"], message["kind"], message["retained"]) == ("other/topic", None, True)
    assert summary["summary"]["messages"] == 1


def test_too_few_messages_fail(mosquitto: StartMosquitto) -> None:
    broker = mosquitto()

    assert _sub("--url", broker.url, "--count", "1", "--seconds", "0.3") == 1
    assert _sub("--url", broker.url, "--seconds", "0.3") == 0


def test_broker_login_and_device_are_taken_from_a_configuration(
    mosquitto: StartMosquitto, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broker = mosquitto()
    config = write_config(tmp_path, tiny_settings(tmp_path, mqtt={"url": broker.url}))
    _retain(broker, "edgedet/v1/lab/other/status", "{}")
    _retain(broker, f"{PREFIX}/status", "{}")

    assert _sub("--config", str(config), "--count", "1", "--json") == 0

    assert _lines(capsys)[0]["topic"] == f"{PREFIX}/status"


def test_no_broker_is_told_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert _sub("--url", f"mqtt://127.0.0.1:{free_port()}") == 1
    assert "edgedet: no connection to mqtt://127.0.0.1:" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--url", "http://broker"], "--url: expected mqtt://host"),
        (["--password-file", "/nowhere/password"], "cannot read '/nowhere/password'"),
        (["--config", "/nowhere/edgedet.yaml"], "cannot read the configuration"),
        (["--topic", "a/#/b"], "--topic: nobody can subscribe to 'a/#/b'"),
        (["--topic", "a+"], "--topic: nobody can subscribe"),
        (["--topic", "a\x1b"], "--topic: nobody can subscribe to 'a\\x1b'"),
        (["--topic", "x" * 70_000], "--topic: nobody can subscribe"),
    ],
)
def test_what_makes_no_sense_is_refused(
    options: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _sub(*options) == 2
    assert told in capsys.readouterr().err


def test_configuration_without_a_broker_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = write_config(tmp_path, tiny_settings(tmp_path))

    assert _sub("--config", str(config)) == 2
    assert "no broker (mqtt: off)" in capsys.readouterr().err
