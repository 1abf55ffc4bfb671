"""Why the service was started anew: what a run leaves behind for the next one.

A file in `state_dir` says "running" while the service runs, and how it ended when it could still
say so. One that says "running" at the next start was ended without a word; the machine's boot id
tells whether the machine was too. Writing is best effort: no camera is left alone for this file.
"""

import json
import logging
import re
from datetime import datetime, timezone
from pathlib import Path

from edgedet.clock import Clock, utc_text
from edgedet.event import LastRun, RunEnd
from edgedet.files import write_whole
from edgedet.log import redact
from edgedet.state_files import StateFileError, take_up_state

logger = logging.getLogger(__name__)

FILE = "last-run.json"
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_BOOT = re.compile("[0-9a-f]{8,32}")
_RUNNING = "running"
_MAX_DETAIL_CHARS = 500


def machine_boot(path: Path = _BOOT_ID) -> str:
    """An id that the machine makes anew whenever it is started; empty where it does not tell."""
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""


class RunRecord:
    """The file of this run. `begin` once, `end` as often as one likes: the first end counts."""

    def __init__(self, state_dir: Path, clock: Clock, machine: str | None = None) -> None:
        """Keep the file in `state_dir`; `machine` is the machine's boot id."""
        self._path = state_dir / FILE
        self._clock = clock
        self._machine = machine_boot() if machine is None else machine
        self._boot = ""
        self._has_begun = self._has_ended = False

    def begin(self, boot: str) -> LastRun:
        """How the run before ended; from now on, this one runs as `boot`."""
        last = self._read()
        self._boot = boot
        self._has_begun = True
        self._write(_RUNNING, "")
        return last

    def end(self, how: RunEnd, detail: str = "") -> None:
        """Say how this run ends. Credentials in `detail` are hidden."""
        if self._has_begun and not self._has_ended:
            self._has_ended = True
            self._write(how.value, redact(detail)[:_MAX_DETAIL_CHARS])

    def _read(self) -> LastRun:
        try:
            found = take_up_state(self._path, lambda content: self._understood(json.loads(content)))
        except StateFileError as exc:
            return LastRun(RunEnd.UNKNOWN, str(exc)[:_MAX_DETAIL_CHARS])
        return found or LastRun(RunEnd.FIRST_START)

    def _understood(self, found: dict[str, object]) -> LastRun:
        boot, state = str(found["boot"]), str(found["state"])
        if not _BOOT.fullmatch(boot):
            msg = "no boot id"
            raise ValueError(msg)
        if state != _RUNNING:
            ended = datetime.fromisoformat(str(found["at"]).replace("Z", "+00:00"))
            detail = redact(str(found["detail"]))[:_MAX_DETAIL_CHARS]
            return LastRun(RunEnd(state), detail, boot, ended.astimezone(timezone.utc))
        if self._machine and found["machine"] != self._machine:
            return LastRun(RunEnd.POWER_LOSS, "the machine was started anew", boot)
        return LastRun(RunEnd.KILLED, "no error was told before the end", boot)

    def _write(self, state: str, detail: str) -> None:
        record = {
            "boot": self._boot,
            "machine": self._machine,
            "state": state,
            "detail": detail,
            "at": utc_text(self._clock.utc_now()),
        }
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(self._path, json.dumps(record, indent=1).encode() + b"\n")
        except OSError as exc:
            logger.info(
                "the next run will not know how this one ended: %s cannot be written: %s",
                self._path,
                exc.strerror,
            )
