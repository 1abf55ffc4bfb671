"""Messages under way."""

from edgedet.publish.in_flight import InFlight
from tests.publish.conftest import CLOCK


def test_answer_may_come_before_the_message_is_noted() -> None:
    settled: list[tuple[object, bool]] = []
    flight = InFlight(CLOCK, lambda token, is_accepted: settled.append((token, is_accepted)))
    flight.answer(7, is_accepted=True)
    flight.add(7, "a")
    flight.add(8, "b")
    flight.add(9, "c")
    flight.answer(9, is_accepted=False)
    assert settled == []

    flight.settle()

    assert settled == [("a", True), ("c", False)]
    assert flight.tokens == ["b"]
    assert flight.oldest_s >= 0
