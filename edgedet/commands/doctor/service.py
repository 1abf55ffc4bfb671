"""The installed service: does systemd know it, start it at boot, and watch it?"""

import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from edgedet.commands.doctor.checks import Check, failed, passed, warned

NAME = "service"
UNIT = "edgedet.service"
_SYSTEMD = Path("/run/systemd/system")
_COMMAND_S = 10.0
_WANTED = ("LoadState", "UnitFileState", "ActiveState", "SubState", "NRestarts", "WatchdogUSec",
           "Type", "ExecMainStatus")  # fmt: skip


def properties() -> dict[str, str]:
    """What systemd knows of the unit; empty where there is no systemd."""
    command = shutil.which("systemctl")
    if command is None or not _SYSTEMD.is_dir():
        return {}
    try:
        done = subprocess.run(  # noqa: S603 - a fixed command
            [command, "show", UNIT, f"--property={','.join(_WANTED)}"],
            capture_output=True, text=True, timeout=_COMMAND_S, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return {}
    pairs = (line.partition("=") for line in done.stdout.splitlines())
    return {name: value for name, _, value in pairs}


def is_running(found: Mapping[str, str]) -> bool:
    """Whether a service of these properties runs now, with its cameras and its port."""
    return found.get("ActiveState") in {"active", "reloading"}


def examine(found: Mapping[str, str]) -> Iterator[Check]:
    """What systemd says of the service; nothing where there is no systemd or no unit."""
    if found.get("LoadState") != "loaded":
        return
    if found.get("UnitFileState") != "enabled":
        yield warned(NAME, "it is not started at boot", "`sudo systemctl enable edgedet`")
    state = f"{found.get('ActiveState')} ({found.get('SubState')})"
    if found.get("ActiveState") == "failed":
        code = found.get("ExecMainStatus")
        yield failed(NAME, f"{state}, exit code {code}", "`journalctl -u edgedet -n 50` tells why")
    elif found.get("NRestarts", "0") != "0":
        yield warned(
            NAME,
            f"{state}, started again {found['NRestarts']} times",
            "`journalctl -u edgedet -g restart` tells when and why",
        )
    else:
        yield passed(NAME, f"{state}")
    if found.get("Type") != "notify" or found.get("WatchdogUSec") in {None, "0", "infinity"}:
        yield warned(
            NAME,
            "systemd does not watch whether it works",
            "Type=notify and WatchdogSec= are missing: run deploy/install.sh again",
        )
