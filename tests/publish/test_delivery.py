"""Durable messages and a real broker: what is new, what is late, and what is told of losses."""

import json
from pathlib import Path

from jsonschema import Draft202012Validator

from edgedet.publish import schemas
from edgedet.publish.kind import Kind
from edgedet.publish.link import LinkState
from edgedet.publish.mqtt import MqttSink
from tests.brokers import Received, wait_until
from tests.conftest import StartMosquitto, Subscribe
from tests.publish.conftest import MakeSink, make_event, make_result
from tests.publish.test_mqtt import PREFIX

EVENTS = f"{PREFIX}/src/gate/events"
BACKLOG = f"{PREFIX}/backlog/gate/events"
ALL = f"{PREFIX}/+/gate/+"
DETECTIONS = {"spool": {"kinds": ["detections"], "max_bytes": 100_000}}


def test_what_is_new_leaves_on_the_live_topic_and_is_not_kept(
    mosquitto: StartMosquitto, subscribe: Subscribe, make_sink: MakeSink
) -> None:
    broker = mosquitto()
    subscriber = subscribe(broker.port, f"{PREFIX}/#")
    sink = make_sink(broker.url)
    for _ in range(50):
        sink.publish_event(make_event())

    messages = subscriber.wait_for_all(lambda m: m.topic == EVENTS, 50)

    assert [m.body["seq"] for m in messages] == list(range(50))
    assert not any("replayed" in m.body or "lost_before" in m.body for m in messages)
    assert sink.flush(10.0) == 0
    assert wait_until(lambda: _kept(sink) == 0)
    assert [m for m in subscriber.messages if "/backlog/" in m.topic] == []


def test_an_outage_is_told_on_the_backlog_topic_and_nothing_old_on_the_live_one(
    mosquitto: StartMosquitto, subscribe: Subscribe, make_sink: MakeSink
) -> None:
    broker = mosquitto(is_started=False)
    sink = make_sink(broker.url)
    assert wait_until(lambda: sink.stats.state is LinkState.UNREACHABLE)
    for _ in range(30):
        sink.publish_event(make_event())
    assert wait_until(lambda: _kept(sink) == 30)

    broker.start()
    subscriber = subscribe(broker.port, f"{PREFIX}/#")
    late = subscriber.wait_for_all(lambda m: m.topic == BACKLOG, 30)
    sink.publish_event(make_event())
    new = subscriber.wait_for(lambda m: m.topic == EVENTS)

    assert [m.body["seq"] for m in late] == list(range(30))
    assert all(m.body["replayed"] is True for m in late)
    assert all("MessageExpiryInterval" not in m.properties for m in late)
    assert new.body["seq"] == 30
    assert "replayed" not in new.body
    assert sink.flush(10.0) == 0
    assert sink.stats.spool is not None
    assert sink.stats.spool.replayed == 30


def test_the_next_run_sends_what_the_last_could_not(
    mosquitto: StartMosquitto, subscribe: Subscribe, make_sink: MakeSink
) -> None:
    broker = mosquitto(is_started=False)
    first = make_sink(broker.url)
    for _ in range(5):
        first.publish_event(make_event())
    assert wait_until(lambda: first.stats.spooled == 5)
    assert first.flush(0.01) == 5
    first.close(5.0)
    assert first.stats.spooled == 5

    broker.start()
    subscriber = subscribe(broker.port, f"{PREFIX}/#")
    second = make_sink(broker.url)
    second.publish_event(make_event())

    late = subscriber.wait_for_all(lambda m: m.topic == BACKLOG, 5)
    new = subscriber.wait_for(lambda m: m.topic == EVENTS)
    assert [m.body["seq"] for m in late] == list(range(5))
    assert {m.body["boot"] for m in late} != {new.body["boot"]}
    assert wait_until(lambda: _kept(second) == 0)


def test_what_the_spool_gave_up_is_told_where_the_gap_is(
    mosquitto: StartMosquitto, subscribe: Subscribe, make_sink: MakeSink
) -> None:
    broker = mosquitto(is_started=False)
    sink = make_sink(broker.url, **DETECTIONS)
    assert wait_until(lambda: sink.stats.state is LinkState.UNREACHABLE)
    for seq in range(300):
        sink.publish(make_result(seq, count=3))
    assert wait_until(lambda: sink.stats.pending == _kept(sink))
    lost = sink.stats.dropped
    assert 100 < lost < 290

    broker.start()
    subscriber = subscribe(broker.port, f"{PREFIX}/backlog/#")
    late = subscriber.wait_for_all(_any, 300 - lost)

    assert late[0].body["lost_before"] == late[0].body["seq"] == lost
    assert [m.body["seq"] for m in late] == list(range(lost, 300))
    assert not any("lost_before" in m.body for m in late[1:])
    assert sink.flush(10.0) == lost
    assert _used(sink) <= 100_000


def test_a_loss_of_which_nothing_is_left_is_told_by_the_next_message(
    mosquitto: StartMosquitto, subscribe: Subscribe, make_sink: MakeSink
) -> None:
    broker = mosquitto(is_started=False)
    sink = make_sink(broker.url, spool={"max_age_s": 0.3})
    assert wait_until(lambda: sink.stats.state is LinkState.UNREACHABLE)
    for _ in range(4):
        sink.publish_event(make_event())
    assert wait_until(lambda: sink.stats.dropped == 4)
    sink.close(5.0)

    broker.start()
    subscriber = subscribe(broker.port, EVENTS)
    make_sink(broker.url).publish_event(make_event())

    body = subscriber.wait_for(_any).body
    assert (body["seq"], body["lost_before"]) == (0, 4)


def test_detections_make_way_for_events(mosquitto: StartMosquitto, make_sink: MakeSink) -> None:
    broker = mosquitto(is_started=False)
    kinds = {"kinds": ["events", "detections"], "max_bytes": 100_000}
    sink = make_sink(broker.url, spool=kinds)
    assert wait_until(lambda: sink.stats.state is LinkState.UNREACHABLE)
    for seq in range(40):
        sink.publish_event(make_event())
        for part in range(5):
            sink.publish(make_result(5 * seq + part, count=5))

    assert wait_until(lambda: sink.stats.pending == _kept(sink))
    assert sink.stats.spool is not None
    assert sink.stats.spool.kept[Kind.EVENTS] == 40
    assert 0 < sink.stats.spool.kept[Kind.DETECTIONS] < 200


def test_replay_is_paced_and_new_messages_lead(
    mosquitto: StartMosquitto, subscribe: Subscribe, make_sink: MakeSink
) -> None:
    broker = mosquitto(is_started=False)
    sink = make_sink(broker.url, spool={"replay_per_s": 20})
    assert wait_until(lambda: sink.stats.state is LinkState.UNREACHABLE)
    for _ in range(60):
        sink.publish_event(make_event())
    broker.start()
    subscriber = subscribe(broker.port, f"{PREFIX}/#")
    subscriber.wait_for(lambda m: m.topic == BACKLOG)

    sink.publish_event(make_event())

    new = subscriber.wait_for(lambda m: m.topic == EVENTS)
    assert _count(subscriber.messages) < 30
    subscriber.wait_for_all(lambda m: m.topic == BACKLOG, 25)
    seconds = subscriber.messages[-1].arrived_s - new.arrived_s
    assert _count(subscriber.messages) < 60 or seconds > 1.0
    assert sink.flush(20.0) == 0  # now as fast as it can


def test_acknowledged_messages_are_not_sent_again_by_the_next_run(
    mosquitto: StartMosquitto, subscribe: Subscribe, make_sink: MakeSink
) -> None:
    broker = mosquitto()
    first = make_sink(broker.url)
    for _ in range(10):
        first.publish_event(make_event())
    assert first.flush(10.0) == 0
    first.close(5.0)

    subscriber = subscribe(broker.port, f"{PREFIX}/#")
    second = make_sink(broker.url)
    second.publish_event(make_event())
    subscriber.wait_for(lambda m: m.topic == EVENTS)

    assert second.flush(10.0) == 0
    assert [m.topic for m in subscriber.listen(0.3) if "/backlog/" in m.topic] == []


def test_events_of_the_last_moment_leave_before_the_good_bye(
    mosquitto: StartMosquitto, subscribe: Subscribe, make_sink: MakeSink
) -> None:
    broker = mosquitto()
    subscriber = subscribe(broker.port, f"{PREFIX}/#")
    sink = make_sink(broker.url)
    subscriber.wait_for(lambda m: m.state == "online")
    for _ in range(30):
        sink.publish_event(make_event())

    sink.close(5.0)

    subscriber.wait_for(lambda m: m.state == "stopped")
    topics = [m.topic for m in subscriber.messages]
    assert topics.count(EVENTS) == 30
    assert topics[-1] == f"{PREFIX}/status"


def test_refused_messages_are_kept(
    mosquitto: StartMosquitto, make_sink: MakeSink, tmp_path: Path
) -> None:
    rules = tmp_path / "acl"
    rules.write_text(f"topic write {PREFIX}/status\ntopic write {PREFIX}/info\n", encoding="utf-8")
    broker = mosquitto(f"acl_file {rules}")
    sink = make_sink(broker.url)
    sink.publish_event(make_event())

    assert sink.flush(1.0) == 1

    assert (sink.stats.dropped, sink.stats.spooled, _kept(sink)) == (0, 1, 1)
    assert sink.stats.refused >= 1
    assert sink.stats.is_refusing


def test_a_broker_that_takes_little_at_a_time_gets_all_of_the_backlog(
    mosquitto: StartMosquitto, subscribe: Subscribe, make_sink: MakeSink
) -> None:
    broker = mosquitto("max_inflight_messages 2", "max_packet_size 1500", is_started=False)
    sink = make_sink(broker.url)
    assert wait_until(lambda: sink.stats.state is LinkState.UNREACHABLE)
    for _ in range(100):
        sink.publish_event(make_event())

    broker.start()
    subscriber = subscribe(broker.port, BACKLOG)

    assert sink.flush(20.0) == 0
    assert sink.stats.reconnects == 0
    assert len(subscriber.wait_for_all(_any, 100)) == 100


def test_a_spool_that_is_off_keeps_nothing(
    mosquitto: StartMosquitto, subscribe: Subscribe, make_sink: MakeSink, tmp_path: Path
) -> None:
    broker = mosquitto()
    subscriber = subscribe(broker.port, EVENTS)
    sink = make_sink(broker.url, spool="off")
    sink.publish_event(make_event())

    subscriber.wait_for(lambda m: m.topic == EVENTS)
    assert sink.stats.spool is None
    assert not (tmp_path / "state").exists()


def test_metrics_tell_of_the_spool(
    mosquitto: StartMosquitto, subscribe: Subscribe, make_sink: MakeSink
) -> None:
    broker = mosquitto()
    subscriber = subscribe(broker.port, f"{PREFIX}/metrics")
    make_sink(broker.url, heartbeat_s=1)

    spool = subscriber.wait_for(_any).body["spool"]

    assert spool["durable"] is True
    assert (spool["kept"], spool["reason"]) == (0, "")
    assert json.loads(json.dumps(spool)) == spool


def test_metrics_of_an_outage_come_later_where_they_are_durable(
    mosquitto: StartMosquitto, subscribe: Subscribe, make_sink: MakeSink
) -> None:
    broker = mosquitto(is_started=False)
    sink = make_sink(broker.url, heartbeat_s=1, spool={"kinds": ["metrics"]})
    assert wait_until(lambda: _kept(sink) == 2)

    broker.start()
    subscriber = subscribe(broker.port, f"{PREFIX}/#")

    late = subscriber.wait_for_all(lambda m: m.topic == f"{PREFIX}/backlog/metrics", 2)
    new = subscriber.wait_for(lambda m: m.topic == f"{PREFIX}/metrics")
    assert [m.body["seq"] for m in late[:2]] == [0, 1]
    assert all(m.body["replayed"] for m in late)
    assert new.body["seq"] >= 2
    for message in (*late, new):
        Draft202012Validator(schemas.load("metrics")).validate(message.body)


def _any(_message: Received) -> bool:
    return True


def _kept(sink: MqttSink) -> int:
    assert sink.stats.spool
    return sum(sink.stats.spool.kept.values())


def _used(sink: MqttSink) -> int:
    assert sink.stats.spool
    return sink.stats.spool.used_bytes


def _count(messages: list[Received]) -> int:
    return sum(m.topic == BACKLOG for m in messages)
