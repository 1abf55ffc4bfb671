"""Waiting work that nobody does is seen; having nothing to do is no trouble."""

from edgedet.health.progress import Progress
from tests.stream.fakes import FakeClock


def test_silence_counts_only_while_something_waits() -> None:
    clock = FakeClock()
    progress = Progress(clock)
    clock.advance(100.0)
    assert progress.idle_s(done=0, waiting=0) == 0.0
    clock.advance(10.0)
    assert progress.idle_s(done=0, waiting=2) == 10.0
    clock.advance(10.0)
    assert progress.idle_s(done=0, waiting=2) == 20.0
    assert progress.idle_s(done=1, waiting=2) == 0.0
    clock.advance(5.0)
    assert progress.idle_s(done=1, waiting=2) == 5.0
    assert progress.idle_s(done=1, waiting=0) == 0.0
