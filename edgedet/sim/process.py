"""A program that is started, watched and ended, with what it says in a file."""

import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from edgedet.errors import SimError

_KILL_TIMEOUT_S = 10.0


class Process:
    """One program, started again and again; all its runs write to the same log. For one thread."""

    def __init__(
        self, command: Sequence[str], log: Path, environment: Mapping[str, str] | None = None
    ) -> None:
        """Prepare; `environment` None: ours."""
        self.log = log
        self._command = list(command)
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it.

        Raises:
            SimError: if it runs already, or is not installed.
        """
        if self.is_alive:
            msg = f"{self._command[0]} runs already; stop it first"
            raise SimError(msg)
        try:
            with self.log.open("ab") as log:
                self._process = subprocess.Popen(  # noqa: S603 - the simulation's own programs
                    self._command,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    env=self._environment,
                )
        except OSError as exc:
            msg = f"cannot start {self._command[0]} ({exc.strerror}); is it installed?"
            raise SimError(msg) from exc

    @property
    def is_alive(self) -> bool:
        """Whether it runs."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int | None:
        """Its process id, while it runs."""
        return self._process.pid if self._process is not None and self.is_alive else None

    @property
    def exit_code(self) -> int | None:
        """How its last run ended; minus the signal if by one. None: it runs, or never did."""
        return None if self._process is None else self._process.poll()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal, if it runs."""
        if self._process is not None and self.is_alive:
            self._process.send_signal(number)

    def stop(self, timeout_s: float) -> int | None:
        """Ask it to end, then make it; how it ended, None if it had to be made."""
        if self._process is None:
            return None
        self.signal(signal.SIGTERM)
        try:
            return self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.kill()
            return None

    def kill(self) -> None:
        """End it as a power cut would."""
        if self._process is not None:
            self.signal(signal.SIGKILL)
            self._process.wait(_KILL_TIMEOUT_S)

    def said(self, offset: int = 0) -> str:
        """What it wrote, from the byte `offset` on."""
        if not self.log.exists():
            return ""
        with self.log.open("rb") as file:
            file.seek(offset)
            return file.read().decode("utf-8", "replace")

    @property
    def said_bytes(self) -> int:
        """How much it wrote so far."""
        return self.log.stat().st_size if self.log.exists() else 0

    def figures(self) -> Mapping[str, float]:
        """Memory, threads and open files, as Linux counts them; empty when it does not run."""
        folder = Path(f"/proc/{self.pid}")
        try:
            lines = (folder / "status").read_text(encoding="ascii", errors="replace").splitlines()
            status = dict(line.split(":", 1) for line in lines if ":" in line)
            return {
                "rss_mb": int(status["VmRSS"].split()[0]) / 1024,
                "threads": int(status["Threads"]),
                "fds": len(list((folder / "fd").iterdir())),
            }
        except (OSError, KeyError):
            return {}
