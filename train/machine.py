"""What a measurement was taken on, in a line."""

import os
import platform

import torch

from edgedet.machine import processor_name


def describe_machine(device: str = "cpu") -> str:
    """Processor, cores that this process may use, system, and the card if `device` is one.

    As in `Intel(R) Xeon(R) Processor @ 2.60GHz, 2 cores, Linux`.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    plural = "" if cores == 1 else "s"
    parts = [processor_name(), f"{cores} core{plural}", platform.system()]
    if device.startswith("cuda") and torch.cuda.is_available():
        card = torch.cuda.get_device_name(torch.device(device))
        parts.insert(0, f"{card}, CUDA {torch.version.cuda}")
    return ", ".join(parts)
