"""Commands through a real broker: carried out once, answered always, ignored when retained."""

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from paho.mqtt import publish as client

from edgedet.errors import CommandError
from edgedet.publish import schemas
from edgedet.publish.broker import Incoming
from edgedet.publish.commands.arguments import NoArguments, SourceArguments
from edgedet.publish.commands.desk import CommandDesk
from edgedet.publish.commands.memory import CommandMemory
from edgedet.publish.exchange import Exchange
from edgedet.publish.identity import Origin
from edgedet.publish.payloads import JsonObject
from edgedet.publish.topics import Topics
from tests.brokers import Mosquitto, Received, Subscriber, wait_until
from tests.conftest import StartMosquitto, Subscribe
from tests.publish.conftest import CLOCK, MODEL, MakeSink

TOPICS = Topics("edgedet/v1", "lab", "bench-01")
REPLY = Draft202012Validator(schemas.load("reply"))


class Bench:
    """A sink with a desk behind it, and somebody who gives commands."""

    def __init__(self, broker: Mosquitto, subscriber: Subscriber, desk: CommandDesk) -> None:
        self.broker = broker
        self.subscriber = subscriber
        self.desk = desk
        self.done: list[str | None] = []

    def send(
        self, name: str, payload: bytes | None = None, *, retain: bool = False, **fields: object
    ) -> str:
        """Give a command; its id."""
        command_id = str(fields.pop("id", uuid.uuid4()))
        body = {"schema": "edgedet.command/1", "id": command_id, **fields}
        if payload is None:
            payload = json.dumps(body).encode()
        port = self.broker.port
        client.single(TOPICS.command(name), payload, qos=1, retain=retain, port=port)
        return command_id

    def reply(self, command_id: str, nth: int = 1) -> dict[str, Any]:
        """The nth answer to a command, checked."""

        def matches(message: Received) -> bool:
            return "/reply/" in message.topic and message.body["id"] == command_id

        body = self.subscriber.wait_for_all(matches, nth)[nth - 1].body
        REPLY.validate(body)
        return body


@pytest.fixture
def bench(
    mosquitto: StartMosquitto, subscribe: Subscribe, make_sink: MakeSink, tmp_path: Path
) -> Iterator[Bench]:
    broker = mosquitto()
    subscriber = subscribe(broker.port, f"{TOPICS.prefix}/#")
    sink = make_sink(broker.url, is_started=False, heartbeat_s=1)
    desk = _desk(sink.exchange, tmp_path)
    made = Bench(broker, subscriber, desk)

    def pause(arguments: SourceArguments) -> JsonObject:
        if arguments.source == "broken":
            raise ZeroDivisionError
        if arguments.source == "gone":
            msg = "there is no source 'gone'"
            raise CommandError(msg)
        made.done.append(arguments.source)
        return {"paused": [arguments.source]}

    desk.offer("pause", SourceArguments, pause)
    desk.offer("reload", NoArguments, lambda _: {})
    desk.start()
    sink.start()
    subscriber.wait_for(lambda m: m.state == "online")
    # the subscription follows the birth on the same connection
    assert wait_until(lambda: _is_served(made))
    yield made
    assert desk.stop(10.0)


def _desk(exchange: Exchange, folder: Path) -> CommandDesk:
    return CommandDesk(
        origin=Origin("lab", "bench-01", "6f1c2a90", MODEL),
        topics=TOPICS,
        allow=("pause", "snapshot"),
        exchange=exchange,
        memory=CommandMemory(folder / "commands.json"),
        clock=CLOCK,
    )


def _is_served(bench: Bench) -> bool:
    bench.send("pause", source="probe", args={"source": "probe"})
    bench.subscriber.listen(0.1)
    return bool(bench.done)


def test_command_is_carried_out_and_answered(bench: Bench) -> None:
    reply = bench.reply(bench.send("pause", args={"source": "gate"}))

    assert reply["status"] == "ok"
    assert (reply["command"], reply["device"]) == ("pause", "bench-01")
    assert reply["result"] == {"paused": ["gate"]}
    assert bench.done[-1] == "gate"


def test_same_id_is_carried_out_once(bench: Bench) -> None:
    command_id = bench.send("pause", args={"source": "gate"})
    bench.reply(command_id)
    bench.send("pause", id=command_id, args={"source": "gate"})

    reply = bench.reply(command_id, nth=2)

    assert reply["status"] == "duplicate"
    assert reply["result"] == {"outcome": "ok"}
    assert bench.done.count("gate") == 1


@pytest.mark.parametrize(
    ("name", "args", "reason"),
    [
        ("reload", {}, "'reload' is none of the commands that this device takes (pause)"),
        ("snapshot", {"source": "gate"}, "'snapshot' is none of the commands"),
        ("format-disk", {}, "'format-disk' is none of the commands"),
        ("pause", {"sorce": "gate"}, "args.sorce: unknown key; did you mean 'source'?"),
        ("pause", {"source": "gone"}, "there is no source 'gone'"),
        ("pause", {"source": "broken"}, "internal error: ZeroDivisionError"),
    ],
)
def test_what_cannot_be_done_is_answered_with_the_reason(
    bench: Bench, name: str, args: dict[str, str], reason: str
) -> None:
    reply = bench.reply(bench.send(name, args=args))

    assert (reply["status"], reply["command"]) == ("error", name)
    assert reason in reply["reason"]
    assert bench.reply(bench.send("pause", args={"source": "gate"}))["status"] == "ok"


@pytest.mark.parametrize("payload", [b"", b"x" * 9000, b"\x00\xff", b'{"id": "z"}'])
def test_what_cannot_be_read_is_answered(bench: Bench, payload: bytes) -> None:
    bench.send("pause", payload)

    reply = bench.reply("z" if b"z" in payload else "unreadable")

    assert reply["status"] == "error"


def test_retained_command_is_ignored_and_counted(
    bench: Bench, make_sink: MakeSink, tmp_path: Path
) -> None:
    bench.send("pause", args={"source": "old"}, retain=True)
    sink = make_sink(bench.broker.url, is_started=False, name="bench-02")
    desk = _desk(sink.exchange, tmp_path / "other")
    sink.start()

    assert wait_until(lambda: desk.figures()["ignored"] == 1)
    assert desk.figures() == {"ok": 0, "error": 0, "duplicate": 0, "ignored": 1}


def test_answer_goes_to_the_response_topic_with_its_correlation(
    bench: Bench, subscribe: Subscribe
) -> None:
    asker = subscribe(bench.broker.port, "apps/7/#")
    body = {"schema": "edgedet.command/1", "id": "c-1", "args": {"source": "gate"}}
    asker.publish(
        TOPICS.command("pause"),
        json.dumps(body).encode(),
        ResponseTopic="apps/7/answers",
        CorrelationData=b"\x01\x02",
    )

    message = asker.wait_for(lambda m: m.topic == "apps/7/answers")

    assert message.body["status"] == "ok"
    assert message.properties["CorrelationData"] == "0102"
    assert message.properties["user"] == {"schema": "edgedet.reply/1", "id": "c-1"}


@pytest.mark.parametrize("topic", ["a/#", "/" * 255, f"{TOPICS.prefix}/status", "x" * 60_000])
def test_a_response_topic_that_is_none_is_answered_where_answers_are(
    bench: Bench, subscribe: Subscribe, topic: str
) -> None:
    asker = subscribe(bench.broker.port, "nothing")
    body = {"schema": "edgedet.command/1", "id": "c-1", "args": {"source": "gate"}}
    command = json.dumps(body).encode()
    asker.publish(TOPICS.command("pause"), command, ResponseTopic=topic, CorrelationData=b"7")

    reply = bench.reply("c-1")

    assert reply["status"] == "error"
    assert "the response topic must be" in reply["reason"]
    assert bench.done.count("gate") == 0
    assert bench.reply(bench.send("pause", args={"source": "gate"}))["status"] == "ok"


def test_figures_are_among_the_metrics(bench: Bench) -> None:
    bench.reply(bench.send("pause", args={"source": "gone"}))

    message = bench.subscriber.wait_for(
        lambda m: m.topic == TOPICS.metrics and m.body["commands"]["error"] == 1
    )

    Draft202012Validator(schemas.load("metrics")).validate(message.body)


def test_more_than_can_wait_is_refused_at_once(tmp_path: Path) -> None:
    exchange = Exchange()
    desk = _desk(exchange, tmp_path)  # not started: nothing is taken up
    for number in range(17):
        body = json.dumps({"schema": "edgedet.command/1", "id": f"c-{number}"}).encode()
        desk.hear(Incoming(TOPICS.command("pause"), body))

    post = exchange.take()
    assert post is not None
    body_17 = json.loads(post.payload)
    assert (body_17["id"], body_17["status"]) == ("c-16", "error")
    assert "16 commands are waiting" in body_17["reason"]
    assert exchange.take() is None


def test_id_that_cannot_be_kept_is_not_carried_out(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "commands.json").unlink()
    (tmp_path / "commands.json").mkdir()

    reply = bench.reply(bench.send("pause", args={"source": "disk"}))

    assert "so it might be done twice; not done" in reply["reason"]
    assert "disk" not in bench.done


def test_commands_are_heard_after_a_reconnect(bench: Bench) -> None:
    bench.broker.stop()
    bench.broker.start()

    def is_done() -> bool:
        bench.send("pause", args={"source": "back"})
        bench.subscriber.listen(0.2)
        return "back" in bench.done

    assert wait_until(is_done)
