"""Messages as they are handed to the connection."""

from edgedet.publish.identity import Origin
from edgedet.publish.messages import Messages
from edgedet.publish.outbox import Outbox
from edgedet.publish.topics import Topics
from tests.publish.conftest import CLOCK, make_event, make_result
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
    event.queued_s -= 4000.0

    assert messages.entry(result, 1000).expiry_s == 6
    assert messages.entry(event, 1000).expiry_s == 1  # 0 would be for ever


def test_states_are_numbered_over_connections(origin: Origin) -> None:
    messages = Messages(origin, Topics("edgedet/v1", "lab", "bench-01"), LIMITS, ("gate",), CLOCK)

    ids = [messages.online(CLOCK.utc_now(), session).id for session in (1, 2)]

    assert ids == ["bench-01/6f1c2a90/status/1", "bench-01/6f1c2a90/status/2"]
