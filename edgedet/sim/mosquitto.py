"""A real mosquitto on a port of its own, started, stopped, killed and started again."""

import contextlib
import os
import shutil
import signal
import socket
import time
from collections.abc import Sequence
from pathlib import Path

from edgedet.errors import SimError
from edgedet.sim.process import Process

_START_TIMEOUT_S = 20.0
_STOP_TIMEOUT_S = 10.0
_POLL_S = 0.01


def find_mosquitto() -> str | None:
    """Where the program is; None if it is not installed. Debian keeps it out of users' paths."""
    return shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/sbin")


def free_port() -> int:
    """A port of 127.0.0.1 on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Mosquitto:
    """The broker. For one thread."""

    def __init__(self, folder: Path, options: Sequence[str] = ()) -> None:
        """Prepare its configuration in `folder`; `options` are lines of mosquitto.conf.

        Raises:
            SimError: if it is not installed.
        """
        program = find_mosquitto()
        if program is None:
            msg = "mosquitto is not installed; on Debian and Ubuntu: apt-get install mosquitto"
            raise SimError(msg)
        self.port = free_port()
        folder.mkdir(parents=True, exist_ok=True)
        config = folder / "mosquitto.conf"
        anonymous = [] if any("password_file" in o for o in options) else ["allow_anonymous true"]
        lines = [f"listener {self.port} 127.0.0.1", *anonymous, *options]
        if os.geteuid() == 0:
            lines.append("user root")  # else it drops to a user that cannot read the folder
        config.write_text("\n".join(lines) + "\n", encoding="utf-8")
        self._process = Process([program, "-c", str(config)], folder / "mosquitto.log")

    @property
    def url(self) -> str:
        """Its address."""
        return f"mqtt://127.0.0.1:{self.port}"

    @property
    def is_alive(self) -> bool:
        """Whether it runs."""
        return self._process.is_alive

    def start(self) -> "Mosquitto":
        """Start, and return when it accepts connections.

        Raises:
            SimError: if it does not.
        """
        self._process.start()
        end_s = time.monotonic() + _START_TIMEOUT_S
        while not self._accepts():
            if not self._process.is_alive or time.monotonic() > end_s:
                self._process.kill()
                said = " ".join(self._process.said().split()[-40:])
                msg = f"mosquitto does not start: {said}"
                raise SimError(msg)
            time.sleep(_POLL_S)
        return self

    def stop(self) -> None:
        """End in an orderly way, after `hold` too."""
        self.resume()
        self._process.stop(_STOP_TIMEOUT_S)

    def kill(self) -> None:
        """End as in a power cut."""
        self._process.kill()

    def hold(self) -> None:
        """Let it do nothing, its connections open, until `resume`."""
        self._process.signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Go on after `hold`."""
        self._process.signal(signal.SIGCONT)

    def _accepts(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
            return True
        return False
