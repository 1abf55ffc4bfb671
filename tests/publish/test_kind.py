"""The kinds of messages."""

from edgedet.publish.kind import Kind
from edgedet.publish.topics import Topics


def test_a_kind_is_the_end_of_its_topic() -> None:
    topics = Topics("edgedet/v1", "lab", "bench-01")
    names = {topic.rpartition("/")[2] for topic in (topics.detections("gate"), topics.metrics)}

    assert names | {topics.events("gate").rpartition("/")[2]} == {kind.value for kind in Kind}


def test_events_are_given_up_last() -> None:
    assert list(Kind) == [Kind.DETECTIONS, Kind.METRICS, Kind.EVENTS]
