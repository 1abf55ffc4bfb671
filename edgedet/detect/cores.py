"""How many cores a CPU backend may use."""

import os


def usable_cores() -> int:
    """Cores that this process may run on, at least 1; heeds taskset and cpusets."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
