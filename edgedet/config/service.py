"""What the service manager says in the environment: where to notify it, and how often.

Source: sd_notify(3), sd_watchdog_enabled(3), systemd.exec(5) for JOURNAL_STREAM.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ServiceManager:
    """How to reach systemd, if it is there.

    `notify_socket` is empty without one, abstract when it begins with `@`; `watchdog_s` is 0
    without a watchdog.
    """

    notify_socket: str = ""
    watchdog_s: float = 0.0


def service_manager(
    environ: Mapping[str, str] = os.environ, *, pid: int | None = None
) -> ServiceManager:
    """The service manager of this process; one that says nonsense is none."""
    address = environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")) or len(address) < 2:
        return ServiceManager()
    usec, owner = environ.get("WATCHDOG_USEC", ""), environ.get("WATCHDOG_PID", "")
    is_ours = not owner or owner == str(os.getpid() if pid is None else pid)
    watchdog_s = int(usec) / 1e6 if usec.isdecimal() and is_ours else 0.0
    return ServiceManager(address, watchdog_s)


def writes_to_journal(fd: int = 2, environ: Mapping[str, str] = os.environ) -> bool:
    """Whether the file `fd`, standard error by default, is a stream to systemd's journal."""
    device, _, inode = environ.get("JOURNAL_STREAM", "").partition(":")
    try:
        found = os.fstat(fd)
    except OSError:  # closed
        return False
    return (device, inode) == (str(found.st_dev), str(found.st_ino))
