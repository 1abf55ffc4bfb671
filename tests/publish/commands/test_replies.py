"""Where an answer goes, and where it may not."""

import json

import pytest
from jsonschema import Draft202012Validator

from edgedet.publish import schemas
from edgedet.publish.broker import Incoming
from edgedet.publish.commands.replies import Replies, name_of
from edgedet.publish.commands.request import UnsoundError
from edgedet.publish.identity import Origin
from edgedet.publish.topics import Topics
from tests.publish.conftest import CLOCK

TOPICS = Topics("edgedet/v1", "lab", "bench-01")
PREFIX = TOPICS.prefix


@pytest.mark.parametrize(
    ("topic", "name"),
    [
        (f"{PREFIX}/cmd/pause", "pause"),
        (f"{PREFIX}/cmd/", "unknown"),
        (f"{PREFIX}/cmd/Päuse", "unknown"),
        (f"{PREFIX}/cmd/{'x' * 40}", "unknown"),
    ],
)
def test_name_is_the_last_level(topic: str, name: str) -> None:
    assert name_of(topic) == name


@pytest.mark.parametrize(
    "topic",
    [
        "apps/7/answers",
        f"{PREFIX}/reply/me",
        "",
        "edgedet/v1/lab/console/answers",
        "homeassistant2/x",
        "ä" * 128,
    ],
)
def test_answer_goes_where_it_is_wanted(origin: Origin, topic: str) -> None:
    replies = Replies(origin, TOPICS, CLOCK, ["homeassistant"])
    replies.check_response_topic(topic, "c-1")
    incoming = Incoming(f"{PREFIX}/cmd/pause", b"", response_topic=topic, correlation=b"7")

    message = replies.make(incoming, "c-1", "ok", result={"paused": []})

    assert message.topic == (topic or f"{PREFIX}/reply/pause")
    assert (message.correlation, message.qos, message.retain) == (b"7", 1, False)
    Draft202012Validator(schemas.load("reply")).validate(json.loads(message.payload))


@pytest.mark.parametrize(
    "topic",
    [
        PREFIX,
        f"{PREFIX}/status",
        f"{PREFIX}/cmd/pause",
        f"{PREFIX}/reply/",
        "a/#",
        "$SYS/x",
        "+",
        "x" * 257,
        "ä" * 129,
        "/" * 8,  # some brokers end a connection for that
        "a\nb",
        "a\uffffb",
        "homeassistant",
        "homeassistant/status",
        "homeassistant/device/edgedet_bench-01/config",
        "edgedet/v1/lab/bench-02/status",
        "edgedet/v1/lab/bench-02/src/gate/events",
        "edgedet/v1/lab/bench-02/cmd/pause",
        "edgedet/v1/lab/bench-02/reply/pause",
        "edgedet/v1/lab/bench-02/desired/model",
    ],
)
def test_device_is_not_made_to_speak_in_the_wrong_place(origin: Origin, topic: str) -> None:
    replies = Replies(origin, TOPICS, CLOCK, ["homeassistant"])
    with pytest.raises(UnsoundError, match="response topic must be") as caught:
        replies.check_response_topic(topic, "c-1")
    assert caught.value.id == "c-1"

    incoming = Incoming(f"{PREFIX}/cmd/pause", b"", response_topic=topic)
    assert replies.make(incoming, "c-1", "error", reason="no").topic == f"{PREFIX}/reply/pause"
