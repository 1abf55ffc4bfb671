"""A pipeline that hangs is left behind, and its source does not fill the process with others."""

import pytest

from edgedet.errors import SourceError
from edgedet.source.teardown import Teardown


class Hanging:
    """A pipeline that stops late, or in time."""

    def __init__(self, *, has_stopped: bool = False) -> None:
        self.has_stopped = has_stopped

    def stop(self) -> bool:
        return self.has_stopped


def test_what_stops_is_forgotten() -> None:
    teardown = Teardown()
    for _ in range(5):
        teardown.stop(Hanging(has_stopped=True))
    teardown.check()
    assert teardown.abandoned == 0


def test_what_hangs_is_counted_and_too_much_of_it_is_refused() -> None:
    teardown = Teardown()
    first, second = Hanging(), Hanging()
    teardown.stop(first)
    teardown.check()
    teardown.stop(second)
    with pytest.raises(SourceError, match="2 earlier attempts still hang in the driver; unplug"):
        teardown.check()
    first.has_stopped = True
    teardown.check()
    assert teardown.abandoned == 2
