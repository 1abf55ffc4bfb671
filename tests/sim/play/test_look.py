"""Looking whether something is so."""

import json
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from edgedet.sim.journal import Heard
from edgedet.sim.mosquitto import free_port
from edgedet.sim.play.look import Finding, Since, describe, look
from edgedet.sim.play.world import World
from edgedet.sim.scenario.expectation import Expectation
from edgedet.sim.scenario.schema import Head, Scenario
from edgedet.stream.worker import Worker

LookAt = Callable[..., Finding]


@pytest.fixture
def world(tmp_path: Path) -> World:
    head = Head.model_validate({"name": "a", "about": "b", "broker": "none", "timeline": [1]})
    world = World(Scenario(head, ()), tmp_path)
    world.prefix = "p"
    return world


def _look(world: World, since: Since | None = None, **expected: object) -> Finding:
    begin = since or Since()
    return look(Expectation.model_validate(expected), world, begin, {"start": Since()})


def _hear(
    world: World, topic: str, *, retain: bool = False, correlation: bytes = b"", **body: object
) -> None:
    payload = json.dumps(body).encode() if body else b""
    world.journal.add(
        Heard(
            topic=topic,
            payload=payload,
            qos=1,
            retain=retain,
            at_s=time.monotonic(),
            properties={"MessageExpiryInterval": 90, "CorrelationData": correlation},
        )
    )


def test_messages_are_judged_by_topic_payload_and_envelope(world: World) -> None:
    _hear(world, "p/src/gate/status", state="live", retain=True)
    _hear(world, "q/src/gate/status", state="stalled")

    def holds(**message: object) -> bool:
        return _look(world, message=message).holds

    assert holds(topic="src/gate/status", where={"state": "live", "@retain": True, "@qos": 1})
    assert holds(topic="src/+/status", where={"@properties.MessageExpiryInterval": "<= 90"})
    assert holds(topic="#", where={"@size": "< 100", "@topic": "/gate/", "@will": False})
    assert not holds(topic="src/gate/status", count=2)
    assert not holds(topic="src/dock/status")


def test_topics_beside_the_devices_own_and_what_came_back_with_an_answer(world: World) -> None:
    _hear(world, "console/7", correlation=b"window 3", status="ok")
    _hear(world, "console/8", correlation=b"\xff", status="ok")

    def holds(topic: str, correlation: str) -> bool:
        where = {"@properties.CorrelationData": correlation}
        return _look(world, message={"topic": topic, "where": where}).holds

    assert holds("/console/7", "window 3")
    assert holds("/console/8", "ff")
    assert not holds("console/7", "window 3")


def test_sources_are_as_they_were_told_last(world: World) -> None:
    for state in ("reconnecting", "live"):
        _hear(world, "p/src/gate/status", state=state)
        _hear(world, "p/src/dock/status", state=state)
    _hear(world, "p/src/dock/status")

    assert _look(world, sources={"gate": ["live", "degraded"], "dock": "-", "yard": "-"}).holds
    finding = _look(world, sources={"gate": "stalled", "dock": "live"})
    assert finding.seen == ("gate is 'live', not 'stalled'", "dock is None, not 'live'")


def test_only_what_came_since_the_last_deed_counts_unless_asked(world: World) -> None:
    _hear(world, "p/status", state="online")
    message = {"topic": "status", "where": {"state": "online"}}

    assert not _look(world, Since(messages=1), message=message).holds
    assert _look(world, Since(messages=1), message={**message, "since": "start"}).holds


def test_what_was_seen_instead_is_shown(world: World) -> None:
    assert _look(world, message={"topic": "status"}).seen == ("no message on status",)
    _hear(world, "p/status", state="online")
    finding = _look(world, message={"topic": "status", "where": {"state": "offline"}})
    assert finding.seen[0] == "1 messages on status, 0 of them right; the last:"
    assert finding.seen[2] == "  state is 'online', not 'offline'"


def test_log_lines_and_process(world: World) -> None:
    world.runtime.log.write_text("first\nsecond\n", encoding="utf-8")
    assert _look(world, log="sec.nd").holds
    assert not _look(world, Since(log_bytes=6), log="first").holds
    assert _look(world, process={"alive": False}).holds
    assert _look(world, process={"rss_mb": "< 5"}).seen == ("rss_mb is None, not '< 5'",)


def test_answers_of_the_web_server(world: World) -> None:
    server = HTTPServer(("127.0.0.1", 0), _Health)
    server.timeout = 0.05
    world.http_port = server.server_address[1]

    def serve(stop: object) -> None:
        while not stop.is_set():  # type: ignore[attr-defined]
            server.handle_request()

    worker = Worker("http", serve)
    worker.start()
    try:
        assert _look(world, http={"path": "/healthz", "where": {"ok": True}, "text": "ok"}).holds
        finding = _look(world, http={"path": "/healthz", "status": 503, "text": "sick"})
        assert finding.seen[:2] == ("status is 200, not 503", "nothing like /sick/ in it")
    finally:
        worker.stop(5.0)
        server.server_close()
    world.http_port = free_port()
    assert "GET /healthz" in _look(world, http={"path": "/healthz"}).seen[0]


class _Health(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = b'{"ok": true}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        pass


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        (
            {"message": {"topic": "status", "where": {"state": "live"}, "count": 3}},
            "message 3 x status state=live",
        ),
        ({"log": "a|b"}, "log /a|b/"),
        ({"peer": {"connects": ">= 2"}}, "peer connects=>= 2"),
        ({"process": {"exit_code": 0}}, "process exit_code=0"),
        ({"http": {"path": "/healthz"}}, "http path=/healthz"),
        ({"sources": {"gate": "live", "dock": "-"}}, "sources gate=live dock=-"),
    ],
)
def test_expectations_in_a_line(expected: dict[str, object], text: str) -> None:
    assert describe(Expectation.model_validate(expected)) == text
