"""What was heard, and waiting for more."""

import threading

from edgedet.sim.journal import Heard, Journal
from edgedet.stream.worker import Worker


def _heard(payload: bytes) -> Heard:
    return Heard(topic="a", payload=payload, qos=0, retain=False, at_s=0.0)


def test_bodies_are_json_or_nothing() -> None:
    assert _heard(b'{"a": 1}').body == {"a": 1}
    assert _heard(b"\xff\x00").body is None


def test_whoever_waits_is_woken() -> None:
    journal = Journal()
    worker = Worker("teller", lambda _stop: journal.add(_heard(b"1")))
    asked = threading.Event()
    worker.start()
    journal.wait(0, 10.0)
    asked.set()
    worker.stop(5.0)

    assert [heard.payload for heard in journal.since()] == [b"1"]
    assert journal.since(1) == []
