"""What the doctor finds out about a broker: a real one, in its moods."""

import subprocess
from pathlib import Path

import pytest

from edgedet.commands.doctor import Check, Status
from edgedet.commands.doctor.broker import examine
from tests.brokers import Mosquitto, Subscriber, free_port
from tests.conftest import StartMosquitto
from tests.runs import tiny_settings


def _examine(tmp_path: Path, **mqtt: object) -> dict[str, Check]:
    return {check.name: check for check in examine(tiny_settings(tmp_path, mqtt=mqtt))}


def _statuses(checks: dict[str, Check]) -> dict[str, Status]:
    return {name: check.status for name, check in checks.items()}


def test_all_is_tried_and_nothing_is_left_behind(tmp_path: Path, mosquitto: StartMosquitto) -> None:
    broker = mosquitto()
    checks = _examine(tmp_path, url=broker.url)
    assert _statuses(checks) == dict.fromkeys(
        ("broker", "publish", "retained", "will"), Status.PASS
    )
    subscriber = Subscriber(broker.port, "edgedet/#")
    assert subscriber.listen(0.2) == []
    subscriber.close()


def test_a_broker_behind_websockets(tmp_path: Path, mosquitto: StartMosquitto) -> None:
    broker = mosquitto("protocol websockets", f"listener {free_port()} 127.0.0.1")
    checks = _examine(tmp_path, url=f"ws://127.0.0.1:{broker.port}/mqtt")
    assert _statuses(checks) == dict.fromkeys(
        ("broker", "publish", "retained", "will"), Status.PASS
    )


def test_nobody_there(tmp_path: Path) -> None:
    checks = _examine(tmp_path, url=f"mqtt://127.0.0.1:{free_port()}")
    assert _statuses(checks) == {"broker": Status.FAIL}


@pytest.fixture
def strict(tmp_path: Path, mosquitto: StartMosquitto) -> Mosquitto:
    """A broker with a user `me`, who may write where a device should, and read its commands."""
    passwords, access = tmp_path / "passwords", tmp_path / "acl"
    subprocess.run(
        ["mosquitto_passwd", "-b", "-c", str(passwords), "me", "right"],
        check=True,
        capture_output=True,
    )
    access.write_text(
        "user me\ntopic write edgedet/v1/lab/bench/#\ntopic read edgedet/v1/lab/bench/cmd/#\n"
    )
    return mosquitto(f"password_file {passwords}", f"acl_file {access}")


def _login(tmp_path: Path, password: str) -> dict[str, object]:
    path = tmp_path / "pw"
    path.write_text(password)
    return {"username": "me", "password_file": str(path)}


def test_a_wrong_password(tmp_path: Path, strict: Mosquitto) -> None:
    check = _examine(tmp_path, url=strict.url, **_login(tmp_path, "wrong"))["broker"]
    assert check.status is Status.FAIL
    assert "password_file" in check.fix


def test_a_device_that_may_only_write_is_as_it_should_be(tmp_path: Path, strict: Mosquitto) -> None:
    checks = _examine(tmp_path, url=strict.url, **_login(tmp_path, "right"))
    assert _statuses(checks) == {
        "broker": Status.PASS,
        "publish": Status.PASS,
        "read back": Status.WARN,
    }


def test_a_device_that_may_not_write(tmp_path: Path, strict: Mosquitto) -> None:
    login = _login(tmp_path, "right")
    check = _examine(tmp_path, url=strict.url, topic_root="other/v1", **login)["publish"]
    assert check.status is Status.FAIL
    assert "other/v1/lab/bench/#" in check.fix


def test_a_certificate_that_nobody_signed(tmp_path: Path, mosquitto: StartMosquitto) -> None:
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
         "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(cert)],
        check=True, capture_output=True,
    )  # fmt: skip
    port = mosquitto(f"certfile {cert}", f"keyfile {key}").port
    url = f"mqtts://localhost:{port}"
    refused = _examine(tmp_path, url=url)
    assert _statuses(refused) == {"certificate": Status.FAIL}
    assert "ca_file" in refused["certificate"].fix

    trusted = _examine(tmp_path, url=url, tls={"ca_file": str(cert)})
    assert trusted["certificate"].status is Status.WARN
    assert "expires in" in trusted["certificate"].detail
    assert trusted["broker"].status is Status.PASS


@pytest.mark.parametrize("url", ["off", "embedded"])
def test_nothing_to_try(tmp_path: Path, url: str) -> None:
    assert _statuses(_examine(tmp_path, url=url)) == {"broker": Status.PASS}
