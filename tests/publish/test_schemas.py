"""The published schemas, and every message of the runtime held against them."""

import json
import re
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from edgedet.analytics import EventType
from edgedet.event import SourceState
from edgedet.publish import schemas
from edgedet.publish.state_payloads import EMITTED
from tests.conftest import StartMosquitto, Subscribe
from tests.publish.conftest import MakeSink, make_counts, make_event, make_result, make_status

PAGE = Path(__file__).parents[2] / "docs" / "mqtt.md"


@pytest.mark.parametrize("name", schemas.NAMES)
def test_schema_is_a_schema_and_names_itself(name: str) -> None:
    schema = schemas.load(name)

    Draft202012Validator.check_schema(schema)
    assert schema["title"] == f"edgedet.{name}/1"


def test_unknown_schema_is_refused_with_the_known_ones() -> None:
    with pytest.raises(KeyError, match="expected one of detections"):
        schemas.load("weather")


def test_examples_are_package_data() -> None:
    for name in schemas.NAMES:
        assert schemas.examples(name) != {}
        for text in schemas.examples(name).values():
            assert _validate(text) == f"edgedet.{name}/1"
    with pytest.raises(KeyError, match="expected one of detections"):
        schemas.examples("weather")


def _validate(text: str) -> str:
    body = json.loads(text)
    name = body["schema"].removeprefix("edgedet.").removesuffix("/1")
    Draft202012Validator(schemas.load(name)).validate(body)
    return str(body["schema"])


def test_every_emitted_message_agrees_with_its_schema(
    mosquitto: StartMosquitto, subscribe: Subscribe, make_sink: MakeSink
) -> None:
    broker = mosquitto()
    subscriber = subscribe(broker.port)
    sink = make_sink(broker.url, will_delay_s=0, heartbeat_s=1)
    for state in SourceState:
        sink.publish_status(make_status(state, source_id=state.value))
    for seq in range(3):
        sink.publish(make_result(seq, count=seq * 5))
    for word in EventType:
        sink.publish_event(make_event(word))
    sink.publish_counts(make_counts())
    subscriber.wait_for_all(lambda m: m.topic.endswith("/metrics"), 2)
    sink.close(5.0)
    subscriber.wait_for(lambda m: m.state == "stopped")

    seen = {_validate(m.payload.decode()) for m in subscriber.messages}

    assert seen == set(EMITTED)
    assert {m.state for m in subscriber.messages} >= {s.value for s in SourceState}


def test_will_agrees_with_the_schema(make_sink: MakeSink) -> None:
    sink = make_sink("mqtt://127.0.0.1:9")

    assert _validate(sink._messages.will(1).payload.decode()) == "edgedet.status/1"


def test_examples_in_the_documentation_agree_with_the_schemas() -> None:
    examples = re.findall(r"```json\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)

    asked = {"edgedet.command/1", "edgedet.reply/1", "edgedet.desired_model/1"}
    assert {_validate(example) for example in examples} == set(EMITTED) | asked
