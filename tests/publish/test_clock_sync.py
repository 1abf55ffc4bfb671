"""What the kernel says of the clock."""

from edgedet.publish.clock_sync import ClockSync, read_clock_state
from tests.publish.conftest import CLOCK


def test_kernel_is_asked() -> None:
    assert read_clock_state() in {"synced", "unsynced", "unknown"}


def test_answer_is_kept_for_a_while() -> None:
    sync = ClockSync(CLOCK)

    assert {sync.state() for _ in range(3)} == {read_clock_state()}
