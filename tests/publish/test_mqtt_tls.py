"""The sink and brokers that are reached through TLS, WebSockets, or both."""

import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from edgedet.publish.link import LinkState
from tests.brokers import Mosquitto, free_port, is_listening, wait_until
from tests.certificates import Authority
from tests.conftest import StartMosquitto, Subscribe
from tests.gate import Gate
from tests.publish.conftest import MakeSink, make_event, make_result
from tests.publish.test_mqtt import PREFIX, STATUS

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Secure:
    """A broker with a certificate, its authority, and a port without TLS for who looks on."""

    broker: Mosquitto
    authority: Authority
    plain_port: int

    @property
    def address(self) -> str:
        return f"localhost:{self.broker.port}"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def server(authority: Authority) -> tuple[Path, Path]:
    return authority.sign("server", "DNS:localhost", "IP:127.0.0.1")


def _start(
    mosquitto: StartMosquitto, authority: Authority, server: tuple[Path, Path], *options: str
) -> Secure:
    plain_port = free_port()
    broker = mosquitto(
        f"certfile {server[0]}",
        f"keyfile {server[1]}",
        *options,
        f"listener {plain_port} 127.0.0.1",
        "allow_anonymous true",
    )
    assert wait_until(lambda: is_listening(plain_port))
    return Secure(broker, authority, plain_port)


@pytest.fixture
def secure(mosquitto: StartMosquitto, authority: Authority, server: tuple[Path, Path]) -> Secure:
    return _start(mosquitto, authority, server)


def test_publishes_to_a_broker_whose_authority_is_given(
    secure: Secure, make_sink: MakeSink, caplog: pytest.LogCaptureFixture
) -> None:
    ca = {"ca_file": secure.authority.certificate}
    sink = make_sink(f"mqtts://{secure.address}", tls=ca, detections_qos=1)
    for seq in range(200):
        sink.publish(make_result(seq, count=20))

    assert sink.flush(20.0) == 0
    assert sink.stats.published == 200
    ends_s = sink.stats.certificate_ends_s
    assert ends_s is not None
    assert 0 < ends_s - time.time() <= 2 * 86_400
    assert "the certificate of mqtts://localhost" in caplog.text


def test_refuses_a_broker_of_unknown_authority(secure: Secure, make_sink: MakeSink) -> None:
    sink = make_sink(f"mqtts://{secure.address}")

    assert wait_until(lambda: sink.stats.state is LinkState.UNREACHABLE)
    assert "certificate verify failed" in sink.stats.reason


def test_refuses_a_broker_with_another_name(
    mosquitto: StartMosquitto, authority: Authority, make_sink: MakeSink
) -> None:
    secure = _start(mosquitto, authority, authority.sign("other", "DNS:other.example"))
    ca = {"ca_file": authority.certificate}

    sink = make_sink(f"mqtts://{secure.address}", tls=ca)

    assert wait_until(lambda: sink.stats.state is LinkState.UNREACHABLE)
    assert "not valid for 'localhost'" in sink.stats.reason


def test_insecure_takes_any_certificate(secure: Secure, make_sink: MakeSink) -> None:
    sink = make_sink(f"mqtts://{secure.address}", tls={"insecure": True})

    assert wait_until(lambda: sink.stats.state is LinkState.CONNECTED)


def test_the_authorities_of_the_system_are_trusted(
    secure: Secure, subscribe: Subscribe, tmp_path: Path
) -> None:
    subscriber = subscribe(secure.plain_port, STATUS)
    process = subprocess.Popen(
        [
            sys.executable,
            str(Path(__file__).with_name("lone_sink.py")),
            f"mqtts://{secure.address}",
            "0",
            str(tmp_path),
        ],
        cwd=ROOT,
        # what OpenSSL takes for the system's own
        env={"PYTHONPATH": str(ROOT), "SSL_CERT_FILE": str(secure.authority.certificate)},
    )
    try:
        assert subscriber.wait_for(lambda m: m.topic == STATUS).state == "online"
    finally:
        process.kill()
        process.wait()


def test_shows_its_own_certificate_where_one_is_asked_for(
    mosquitto: StartMosquitto,
    subscribe: Subscribe,
    make_sink: MakeSink,
    authority: Authority,
    server: tuple[Path, Path],
) -> None:
    options = (f"cafile {authority.certificate}", "require_certificate true")
    secure = _start(mosquitto, authority, server, *options)
    cert, key = authority.sign("bench-01")
    subscriber = subscribe(secure.plain_port, f"{PREFIX}/#")
    url = f"mqtts://{secure.address}"

    stranger = make_sink(url, tls={"ca_file": authority.certificate})
    known = make_sink(
        url, tls={"ca_file": authority.certificate, "cert_file": cert, "key_file": key}
    )
    known.publish_event(make_event())

    subscriber.wait_for(lambda m: m.topic.endswith("/gate/events"))
    assert known.flush(10.0) == 0
    assert wait_until(lambda: stranger.stats.state is LinkState.UNREACHABLE)
    assert stranger.stats.reconnects == 0


def test_speaks_through_websockets(
    mosquitto: StartMosquitto, subscribe: Subscribe, make_sink: MakeSink
) -> None:
    plain_port = free_port()
    broker = mosquitto("protocol websockets", f"listener {plain_port} 127.0.0.1")
    assert wait_until(lambda: is_listening(plain_port))
    subscriber = subscribe(plain_port, f"{PREFIX}/src/gate/detections")
    sink = make_sink(f"ws://127.0.0.1:{broker.port}/mqtt", lossless=("gate",), detections_qos=1)
    for seq in range(100):
        sink.publish(make_result(seq, count=seq))

    assert sink.flush(20.0) == 0
    messages = subscriber.wait_for_all(lambda _: True, 100)
    assert [m.body["seq"] for m in messages] == list(range(100))


def test_a_broker_behind_websockets_that_was_away_is_found_again(
    mosquitto: StartMosquitto, make_sink: MakeSink
) -> None:
    broker = mosquitto("protocol websockets", f"listener {free_port()} 127.0.0.1")
    gate = Gate(broker.port)
    gate.open()
    try:
        sink = make_sink(f"ws://127.0.0.1:{gate.port}")
        assert wait_until(lambda: sink.stats.state is LinkState.CONNECTED)

        gate.shut()
        assert wait_until(lambda: sink.stats.state is not LinkState.CONNECTED)
        sink.publish_event(make_event())
        gate.open()

        assert sink.flush(20.0) == 0
        assert sink.stats.reconnects == 1
    finally:
        gate.close()


def test_speaks_through_websockets_and_tls(
    mosquitto: StartMosquitto,
    subscribe: Subscribe,
    make_sink: MakeSink,
    authority: Authority,
    server: tuple[Path, Path],
) -> None:
    secure = _start(mosquitto, authority, server, "protocol websockets")
    subscriber = subscribe(secure.plain_port, f"{PREFIX}/src/gate/events")
    ca = {"ca_file": authority.certificate}

    sink = make_sink(f"wss://{secure.address}/", tls=ca)
    for _ in range(50):
        sink.publish_event(make_event())

    assert sink.flush(20.0) == 0
    assert len(subscriber.wait_for_all(lambda _: True, 50)) == 50


def test_a_web_server_that_is_no_broker_is_told(
    mosquitto: StartMosquitto, make_sink: MakeSink
) -> None:
    broker = mosquitto()  # speaks MQTT, and hangs up on anything else

    sink = make_sink(f"ws://127.0.0.1:{broker.port}")

    assert wait_until(lambda: sink.stats.state is LinkState.UNREACHABLE)
    assert "WebSocket handshake error" in sink.stats.reason
    assert f"ws://127.0.0.1:{broker.port}/mqtt" in sink.stats.reason
