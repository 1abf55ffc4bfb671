"""The waits between attempts."""

from edgedet.publish.backoff import Backoff


def test_doubles_from_one_second_to_ten_and_begins_anew() -> None:
    backoff = Backoff(chance=lambda: 1.0)

    assert [backoff.next_s() for _ in range(6)] == [1.0, 2.0, 4.0, 8.0, 10.0, 10.0]
    backoff.reset()
    assert backoff.next_s() == 1.0


def test_chance_takes_off_up_to_half() -> None:
    assert Backoff(chance=lambda: 0.0).next_s() == 0.5
