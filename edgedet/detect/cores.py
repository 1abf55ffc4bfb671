"""What a CPU backend has: how many cores it may use, and how they compute in INT8."""

import os
import platform
from pathlib import Path

_X86 = frozenset({"x86_64", "amd64", "i686", "i386"})
_WIDE = frozenset({"avx512_vnni", "avx_vnni", "amx_int8"})
_CPU_INFO = Path("/proc/cpuinfo")
_OVERLOAD = 2.0  # figures of so busy a machine say little about it


def usable_cores() -> int:
    """Cores that this process may run on, at least 1; heeds taskset and cpusets."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def is_overloaded() -> bool:
    """Whether more than twice as many threads want a core as there are, in the latest minute."""
    try:
        waiting, _, _ = os.getloadavg()
    except (AttributeError, OSError):  # a system that does not tell
        return False
    return waiting > _OVERLOAD * (os.cpu_count() or 1)


def saturates_int8(machine: str | None = None, cpu_info: Path = _CPU_INFO) -> bool:
    """Whether INT8 products are added in 16 bits, which overflow: x86 without VNNI.

    Where an x86 processor does not say what it has, it is taken for an old one.
    """
    if (machine or platform.machine()).lower() not in _X86:
        return False
    try:
        lines = cpu_info.read_text(encoding="utf-8").splitlines()
    except OSError:
        return True
    flags = next((line.partition(":")[2] for line in lines if line.startswith("flags")), "")
    return _WIDE.isdisjoint(flags.split())
