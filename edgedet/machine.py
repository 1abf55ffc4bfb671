"""What this machine is called, so that a figure says where it was measured."""

import platform
from pathlib import Path

_CPU_INFO = Path("/proc/cpuinfo")
_BOARD = Path("/proc/device-tree/model")  # there on ARM boards, as in "NVIDIA Jetson Orin Nano"


def machine_name() -> str:
    """The board where the system names one, else the processor: `Intel(R) Xeon(R) @ 2.60GHz`."""
    try:
        board = _BOARD.read_text(encoding="utf-8", errors="replace").strip("\0 \n")
    except OSError:
        board = ""
    return board or processor_name()


def processor_name() -> str:
    """The processor's own name where the system tells it, else its kind, as in `aarch64`."""
    try:
        lines = _CPU_INFO.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = (line.partition(":")[2] for line in lines if line.startswith("model name"))
    return " ".join(next(names, platform.machine()).split())


def free_memory_bytes() -> int | None:
    """What this process could still take, of the machine and of its control group; None: unknown.

    Source: proc(5), MemAvailable; control groups version 2, memory.max, .current and .stat.
    """
    known = [each for each in (_available_bytes(), _left_in_group_bytes()) if each is not None]
    return min(known, default=None)


def _available_bytes() -> int | None:
    try:
        lines = Path("/proc/meminfo").read_text("ascii").splitlines()
        line = next(each for each in lines if each.startswith("MemAvailable:"))
        return int(line.split()[1]) << 10
    except (OSError, ValueError, StopIteration):
        return None


def _left_in_group_bytes() -> int | None:
    try:
        group = Path("/proc/self/cgroup").read_text("ascii").splitlines()[0].rpartition(":")[2]
        folder = Path("/sys/fs/cgroup", group.lstrip("/"))
        most = int((folder / "memory.max").read_text("ascii"))  # "max": no limit
        current = int((folder / "memory.current").read_text("ascii"))
        stat = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
        return max(0, most - current + int(stat["file"]))  # what is cached makes way
    except (OSError, ValueError, IndexError, KeyError):
        return None
