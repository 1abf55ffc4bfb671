"""What a measurement was taken on, in a line."""

import os
import platform
from pathlib import Path

import torch

_CPU_INFO = Path("/proc/cpuinfo")


def describe_machine(device: str = "cpu") -> str:
    """Processor, cores that this process may use, system, and the card if `device` is one.

    As in `Intel(R) Xeon(R) Processor @ 2.60GHz, 2 cores, Linux`.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    plural = "" if cores == 1 else "s"
    parts = [_processor(), f"{cores} core{plural}", platform.system()]
    if device.startswith("cuda") and torch.cuda.is_available():
        card = torch.cuda.get_device_name(torch.device(device))
        parts.insert(0, f"{card}, CUDA {torch.version.cuda}")
    return ", ".join(parts)


def _processor() -> str:
    """The processor's own name where the system tells it, else its kind."""
    try:
        lines = _CPU_INFO.read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = (line.partition(":")[2] for line in lines if line.startswith("model name"))
    return " ".join(next(names, platform.machine()).split())
