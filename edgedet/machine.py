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
