"""What this process takes of the machine, by the kernel's count."""

from pathlib import Path


def resident_bytes() -> int:
    """Its memory that is in no file."""
    status = Path("/proc/self/status").read_text("ascii")
    line = next(each for each in status.splitlines() if each.startswith("RssAnon"))
    return int(line.split()[1]) << 10


def thread_count() -> int:
    """Its threads, those of native libraries included."""
    return sum(1 for _ in Path("/proc/self/task").iterdir())
