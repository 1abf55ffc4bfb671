"""Tests for edgedet.promptness."""

import ctypes
import os
import platform
import re
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from edgedet.promptness import be_prompt, step_back, take_short_turns
from edgedet.stream.worker import Worker

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="threads have no priorities here")

_GET_ATTRIBUTES = {"x86_64": 315, "aarch64": 275}  # sched_getattr(2)
_KNOWS_SLICES = (6, 12)  # of Linux: before, it ignores them
_MS = 1_000_000


def _knows_slices() -> bool:
    if sys.platform != "linux" or platform.machine() not in _GET_ATTRIBUTES:
        return False
    major, minor = platform.release().split(".")[:2]
    return (int(major), int(re.sub(r"\D.*", "", minor))) >= _KNOWS_SLICES


@dataclass(frozen=True)
class Standing:
    """How the kernel deals with a thread."""

    nice: int
    policy: int
    slice_ns: int

    @classmethod
    def of_this_thread(cls) -> "Standing":
        nice = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
        return cls(nice, os.sched_getscheduler(0), _slice_ns())


def _slice_ns() -> int:
    call = _GET_ATTRIBUTES.get(platform.machine())
    if call is None:
        return 0
    found = ctypes.create_string_buffer(48)
    assert ctypes.CDLL(None).syscall(ctypes.c_long(call), 0, found, 48, 0) == 0
    return int.from_bytes(found.raw[24:32], sys.byteorder)


def _in_a_thread(*steps: Callable[[], None]) -> list[Standing]:
    """After each step, of a thread and of one that it starts then."""
    seen: list[Standing] = []

    def look() -> None:
        seen.append(Standing.of_this_thread())

    def target() -> None:
        for step in steps:
            step()
            look()
            child = threading.Thread(target=look)
            child.start()
            child.join()

    thread = threading.Thread(target=target)
    thread.start()
    thread.join()
    return seen


def test_a_thread_and_what_it_starts_step_back_and_no_other_does() -> None:
    before = Standing.of_this_thread()

    seen = _in_a_thread(step_back)

    assert [each.nice for each in seen] == [min(before.nice + 5, 19)] * 2
    assert Standing.of_this_thread() == before


@pytest.mark.skipif(not _knows_slices(), reason="Linux knows slices of threads from 6.12 on")
def test_short_work_has_short_slices_until_it_steps_back() -> None:
    before = Standing.of_this_thread()

    seen = _in_a_thread(be_prompt, step_back)

    assert [each.slice_ns for each in seen[:2]] == [_MS // 10] * 2
    assert [each.nice for each in seen[:2]] == [before.nice] * 2
    assert all(each.slice_ns > _MS // 10 for each in seen[2:])
    assert Standing.of_this_thread() == before


def test_what_the_operator_set_is_left_alone() -> None:
    def batch() -> None:
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))

    seen = _in_a_thread(batch, be_prompt, step_back)

    assert {each.policy for each in seen} == {os.SCHED_BATCH}
    assert len({each.slice_ns for each in seen}) == 1


@pytest.mark.skipif(not _knows_slices(), reason="Linux knows slices of threads from 6.12 on")
def test_workers_are_prompt() -> None:
    seen: list[Standing] = []
    worker = Worker("looks", lambda _stop: seen.append(Standing.of_this_thread()))
    worker.start()
    assert worker.join(10)
    assert [each.slice_ns for each in seen] == [_MS // 10]


def test_turns_are_never_longer_than_they_were() -> None:
    before = sys.getswitchinterval()
    try:
        for given, found in ((0.005, 0.0005), (0.0001, 0.0001)):
            sys.setswitchinterval(given)
            take_short_turns()
            assert sys.getswitchinterval() == pytest.approx(found, abs=2e-6)
    finally:
        sys.setswitchinterval(before)
