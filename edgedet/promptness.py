"""Short work goes first on contended cores, and long computations give way.

Decoding, painting and publishing need a core for a millisecond, and would else wait several for
one, at each of the steps that a frame takes. Only Linux knows this; elsewhere nothing happens.
"""

import contextlib
import ctypes
import os
import platform
import sys
import threading

_STEPS = 5  # each makes a share of a contended core about a fifth smaller: a third in all
_SWITCH_S = 0.0005
_SHORT_NS = 100_000  # the least slice that Linux takes
_DEFAULT_NS = 0
_CALLS = {"x86_64": 314, "aarch64": 274}  # sched_setattr(2), which libc has no name for


class _Attributes(ctypes.Structure):
    """`struct sched_attr` of Linux, version 0."""

    _fields_ = (
        ("size", ctypes.c_uint32),
        ("policy", ctypes.c_uint32),
        ("flags", ctypes.c_uint64),
        ("nice", ctypes.c_int32),
        ("priority", ctypes.c_uint32),
        ("runtime_ns", ctypes.c_uint64),
        ("deadline_ns", ctypes.c_uint64),
        ("period_ns", ctypes.c_uint64),
    )


def be_prompt() -> None:
    """Let this thread, and what it starts from now on, have a core at once when it wants one.

    Its share of the cores is the same, in shorter slices. Since Linux 6.12, a thread with a shorter
    slice takes the core from one with a longer one; before, nothing changes.
    """
    _set(steps=0, slice_ns=_SHORT_NS)


def take_short_turns() -> None:
    """Let threads of this process wait no longer than half a millisecond for Python itself.

    By default one that computes keeps the others waiting for 5 ms.
    """
    sys.setswitchinterval(min(_SWITCH_S, sys.getswitchinterval()))


def step_back() -> None:
    """Let other threads go first on contended cores, from now until this thread ends.

    What it starts inherits that: the threads of a backend that computes on the processor.
    """
    _set(steps=_STEPS, slice_ns=_DEFAULT_NS)


def _set(*, steps: int, slice_ns: int) -> None:
    with contextlib.suppress(OSError, AttributeError):
        thread = threading.get_native_id()
        nice = min(os.getpriority(os.PRIO_PROCESS, thread) + steps, 19)
        if steps:
            os.setpriority(os.PRIO_PROCESS, thread, nice)
        call = _CALLS.get(platform.machine())
        # a real-time or batch policy is the operator's will
        if call is None or os.sched_getscheduler(0) != os.SCHED_OTHER:
            return
        wanted = _Attributes(ctypes.sizeof(_Attributes), os.SCHED_OTHER, 0, nice, 0, slice_ns, 0, 0)
        ctypes.CDLL(None).syscall(ctypes.c_long(call), 0, ctypes.byref(wanted), 0)
