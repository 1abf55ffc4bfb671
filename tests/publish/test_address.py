"""Every topic that the device writes is taken apart again."""

import pytest

from edgedet.publish.address import Address, parse_topic
from edgedet.publish.topics import Topics

TOPICS = Topics("edgedet/v1", "lab", "bench-01")
PREFIX = TOPICS.prefix


@pytest.mark.parametrize(
    ("topic", "kind", "rest"),
    [
        (TOPICS.status, "status", {}),
        (TOPICS.info, "info", {}),
        (TOPICS.metrics, "metrics", {}),
        (TOPICS.source_status("gate"), "source_status", {"source": "gate"}),
        (TOPICS.detections("gate"), "detections", {"source": "gate"}),
        (TOPICS.events("src"), "events", {"source": "src"}),
        (TOPICS.counts("gate"), "counts", {"source": "gate"}),
        (TOPICS.snapshot("gate"), "snapshot", {"source": "gate"}),
        (TOPICS.backlog("gate", "events"), "events", {"source": "gate", "is_backlog": True}),
        (TOPICS.command("pause"), "command", {"name": "pause"}),
        (TOPICS.reply("pause"), "reply", {"name": "pause"}),
    ],
)
def test_topic_is_taken_apart(topic: str, kind: str, rest: dict[str, str | bool]) -> None:
    assert parse_topic(topic) == Address(PREFIX, "bench-01", kind, **rest)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "topic", ["", "status", "a/b", "homeassistant/status", f"{PREFIX}/src/gate"]
)
def test_other_topics_are_none_of_ours(topic: str) -> None:
    assert parse_topic(topic) is None
