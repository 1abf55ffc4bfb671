"""Long computations give way to short work: threads of lower priority within this process."""

import contextlib
import os
import threading

_STEPS = 5  # each makes a share of a contended core about a fifth smaller: a third in all


def step_back() -> None:
    """Let other threads go first on contended cores, from now until this thread ends.

    What it starts inherits that: the threads of a backend that computes on the processor. Decoding,
    painting and publishing need a core for a millisecond, and would else wait several for one.
    Only Linux knows priorities of threads; elsewhere nothing happens.
    """
    with contextlib.suppress(OSError, AttributeError):
        thread = threading.get_native_id()
        before = os.getpriority(os.PRIO_PROCESS, thread)
        os.setpriority(os.PRIO_PROCESS, thread, before + _STEPS)
