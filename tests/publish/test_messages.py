"""Messages as they are handed to the connection."""

import json
from dataclasses import replace

from edgedet.publish.identity import Origin
from edgedet.publish.messages import Messages
from edgedet.publish.outbox import Outbox
from edgedet.publish.topics import Topics
from tests.publish.conftest import CLOCK, make_counts, make_event, make_result, make_status
from tests.publish.test_state_payloads import LIMITS


def test_what_waited_expires_earlier(origin: Origin) -> None:
    messages = Messages(origin, Topics("edgedet/v1", "lab", "bench-01"), LIMITS, ("gate",), CLOCK)
    outbox = Outbox(10, 100.0, CLOCK)
    outbox.put(make_result())
    outbox.put(make_event())
    result, event = outbox.take(), outbox.take()
    assert result
    assert event
    result.queued_s -= 4.0
    event.queued_s -= 4.0

    assert messages.entry(result, 1000).expiry_s == 6
    assert messages.entry(event, 1000).expiry_s == 3596


def test_what_is_late_leaves_with_the_backlog(origin: Origin) -> None:
    messages = Messages(origin, Topics("edgedet/v1", "lab", "bench-01"), LIMITS, ("gate",), CLOCK)
    outbox = Outbox(10, 100.0, CLOCK)
    outbox.put(make_result(count=30))
    outbox.put(make_event())
    outbox.put(make_result(source_id="file"), is_lossless=True)
    for kind in ("detections", "events"):
        entry = outbox.take()
        assert entry
        entry.queued_s -= 11.0

        message = messages.entry(entry, 1000)

        assert message.topic == f"edgedet/v1/lab/bench-01/backlog/gate/{kind}"
        assert (message.qos, message.expiry_s) == (1, None)
        assert json.loads(message.payload)["replayed"] is True
        assert len(message.payload) <= 1000
    of_a_file = outbox.take()
    assert of_a_file
    of_a_file.queued_s -= 11.0
    assert messages.entry(of_a_file, 1000).topic.endswith("/src/file/detections")


def test_states_are_numbered_over_connections(origin: Origin) -> None:
    messages = Messages(origin, Topics("edgedet/v1", "lab", "bench-01"), LIMITS, ("gate",), CLOCK)

    ids = [messages.online(CLOCK.utc_now(), session).id for session in (1, 2)]

    assert ids == ["bench-01/6f1c2a90/status/1", "bench-01/6f1c2a90/status/2"]


def test_counts_hold_from_their_frame_on_and_not_from_their_telling(origin: Origin) -> None:
    messages = Messages(origin, Topics("edgedet/v1", "lab", "bench-01"), LIMITS, ("gate",), CLOCK)
    counts = make_counts()
    old = replace(counts, observed_s=counts.observed_s - 60.0)
    dead = replace(counts, observed_s=counts.observed_s - 91.0)

    body = json.loads(messages.state(old).payload)

    assert messages.state(old).expiry_s == 30  # of 90, three heartbeats
    assert body["expires_at"] > body["published"]
    assert [messages.is_stale(each) for each in (counts, old, dead)] == [False, False, True]
    assert not messages.is_stale(make_status())
