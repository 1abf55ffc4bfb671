"""The machine: clock, disk, memory, power mode."""

import errno
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from edgedet.commands.doctor.checks import Check, failed, passed, warned
from edgedet.config.settings import Settings
from edgedet.machine import machine_name
from edgedet.paths import NOT_THERE, in_the_way, is_there, problem_of_folder
from edgedet.publish.clock_sync import read_clock_state

_MAKE_ROOM = "make room: the spool drops its oldest messages without it"
_TRIAL_BYTES = 1 << 16
_LOW_BYTES = 1 << 30
_LOW_SHARE = 0.05
_LOW_MEMORY_KIB = 512 * 1024
_MEMORY = Path("/proc/meminfo")
_COMMAND_S = 10.0


def examine(settings: Settings | None) -> Iterator[Check]:
    """What is to be said about the machine."""
    yield passed("machine", machine_name())
    yield _clock()
    yield _memory()
    if settings is not None:
        yield _state_dir(settings.state_dir)
    power = shutil.which("nvpmodel")
    if power is not None:
        yield _power_mode(power)


def _clock() -> Check:
    state = read_clock_state()
    if state == "synced":
        return passed("clock", "synchronised")
    if state == "unknown":
        return warned(
            "clock",
            "the kernel does not say whether it is synchronised",
            "in a container without adjtimex this is expected: see to it on the host",
        )
    return warned(
        "clock",
        "not synchronised: times in messages may be wrong",
        "start a time service: `timedatectl set-ntp true`, and look with `timedatectl`",
    )


def _memory() -> Check:
    try:
        lines = _MEMORY.read_text(encoding="ascii").splitlines()
        values = {line.partition(":")[0]: line.split()[1] for line in lines if line}
        free, total = int(values["MemAvailable"]), int(values["MemTotal"])
    except (OSError, KeyError, ValueError, IndexError) as exc:
        return warned("memory", f"cannot be read ({exc})", f"look at {_MEMORY}")
    detail = f"{free / 1e6:.1f} of {total / 1e6:.1f} GB available"
    if free < _LOW_MEMORY_KIB:
        return warned("memory", detail, "expected 0.5 GB at least: end what else runs here")
    return passed("memory", detail)


def _state_dir(folder: Path) -> Check:
    name = "disk"
    try:
        where = next(each for each in (folder, *folder.parents) if is_there(each))
        usage = shutil.disk_usage(where)
    except OSError as exc:
        return failed(name, f"state_dir {folder}: {exc.strerror}", "choose another state_dir")
    if (thing := in_the_way(folder)) is not None:
        detail = f"state_dir {folder} cannot be a folder, as '{thing}' is none"
        return failed(name, detail, "choose another state_dir")
    what = problem_of_folder(folder)
    if not what and (trouble := _unwritable(name, folder)) is not None:
        return trouble
    detail = f"state_dir {folder}: {usage.free / 1e9:.1f} of {usage.total / 1e9:.1f} GB free"
    if what:
        fix = f"`mkdir -p {folder}`" if what == NOT_THERE else "run this as the service's user"
        return warned(name, f"{detail}, but the folder {what}", fix)
    if usage.free < max(_LOW_BYTES, _LOW_SHARE * usage.total):
        return warned(name, detail, _MAKE_ROOM)
    return passed(name, detail)


def _unwritable(name: str, folder: Path) -> Check | None:
    """What keeps files out of a folder; None if nothing does."""
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(bytes(_TRIAL_BYTES))  # a full disk takes empty files
    except OSError as exc:
        if exc.errno in {errno.ENOSPC, errno.EDQUOT}:
            return failed(name, f"state_dir {folder} is full", _MAKE_ROOM)
        return failed(
            name,
            f"state_dir {folder} cannot be written ({exc.strerror})",
            f"make it the service's: `chown edgedet {folder}`; or run this as that user",
        )
    return None


def _power_mode(command: str) -> Check:
    """The mode of a Jetson, as NVIDIA's own tool tells it."""
    name = "power mode"
    try:
        done = subprocess.run(  # noqa: S603 - a fixed command
            [command, "-q"], capture_output=True, text=True, timeout=_COMMAND_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as exc:
        return warned(name, f"nvpmodel does not answer ({exc})", "run `nvpmodel -q`")
    told = " ".join(done.stdout.split())
    if done.returncode or not told:
        return warned(name, "nvpmodel gives no mode", "run `nvpmodel -q` as root")
    if "MAXN" in told.upper():
        return passed(name, told)
    return warned(name, told, "for full speed: `sudo nvpmodel -m 0 && sudo jetson_clocks`")
