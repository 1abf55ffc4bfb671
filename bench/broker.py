"""A mosquitto of our own, and a process beside the measured one that hears what arrives there."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

_READY_S = 10.0


@contextlib.contextmanager
def broker() -> Iterator[int]:
    """A mosquitto on a free port of the loopback; the port."""
    program = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None:
        sys.exit("no mosquitto here; make dev installs it")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "mosquitto.conf"
        config.write_text(
            f"listener {port} 127.0.0.1\nallow_anonymous true\nset_tcp_nodelay true\n",
            encoding="utf-8",
        )
        with subprocess.Popen(
            [program, "-c", str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as process:
            try:
                _wait_for(port)
                yield port
            finally:
                process.terminate()


@contextlib.contextmanager
def arrivals(port: int, topics: str, path: Path) -> Iterator[None]:
    """Write what arrives below `topics` to `path`, a line a message: monotonic seconds, id.

    In a process of its own, so that it takes nothing from the one that is measured but a core.
    """
    command = [sys.executable, "-m", "bench.listener", str(port), topics, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            if process.stdout is None or process.stdout.readline() != "ready\n":
                sys.exit("the listener did not reach the broker")
            yield
        finally:
            process.terminate()


def _wait_for(port: int) -> None:
    end_s = time.monotonic() + _READY_S
    while True:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1.0):
            return
        if time.monotonic() > end_s:
            sys.exit(f"mosquitto does not listen on port {port}")
        time.sleep(0.02)
