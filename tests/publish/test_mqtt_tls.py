"""The sink and a broker that speaks TLS."""

import subprocess
from pathlib import Path

import pytest

from edgedet.publish.link import LinkState
from tests.brokers import Mosquitto, wait_until
from tests.conftest import StartMosquitto
from tests.publish.conftest import MakeSink, make_result


@pytest.fixture
def tls_broker(mosquitto: StartMosquitto, tmp_path: Path) -> Mosquitto:
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subprocess.run(
        [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=localhost",
            "-addext",
            "subjectAltName=DNS:localhost",
            "-keyout",
            str(key),
            "-out",
            str(cert),
        ],
        check=True,
        capture_output=True,
    )
    return mosquitto(f"certfile {cert}", f"keyfile {key}")


def _url(broker: Mosquitto) -> str:
    return f"mqtts://localhost:{broker.port}"


def test_publishes_to_a_broker_whose_authority_is_given(
    tls_broker: Mosquitto, make_sink: MakeSink, tmp_path: Path
) -> None:
    sink = make_sink(_url(tls_broker), tls={"ca_file": tmp_path / "cert.pem"}, detections_qos=1)
    for seq in range(200):
        sink.publish(make_result(seq, count=20))

    assert sink.flush(20.0) == 0
    assert sink.stats.published == 200


def test_refuses_a_broker_of_unknown_authority(tls_broker: Mosquitto, make_sink: MakeSink) -> None:
    sink = make_sink(_url(tls_broker))

    assert wait_until(lambda: sink.stats.state is LinkState.UNREACHABLE)
    assert "certificate verify failed" in sink.stats.reason


def test_insecure_takes_any_certificate(tls_broker: Mosquitto, make_sink: MakeSink) -> None:
    url = f"mqtts://127.0.0.1:{tls_broker.port}"
    sink = make_sink(url, tls={"insecure": True})

    assert wait_until(lambda: sink.stats.state is LinkState.CONNECTED)
