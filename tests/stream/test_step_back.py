"""Tests for edgedet.stream.step_back."""

import os
import sys
import threading

import pytest

from edgedet.stream.step_back import step_back

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="threads have no priorities here")


def niceness() -> int:
    return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())


def test_a_thread_and_what_it_starts_step_back_and_no_other_does() -> None:
    before = niceness()
    seen: list[int] = []

    def target() -> None:
        step_back()
        seen.append(niceness())
        child = threading.Thread(target=lambda: seen.append(niceness()))
        child.start()
        child.join()

    thread = threading.Thread(target=target)
    thread.start()
    thread.join()
    expected = min(before + 5, 19)
    assert seen == [expected, expected]
    assert niceness() == before
