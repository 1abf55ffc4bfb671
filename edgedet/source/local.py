"""Files and cameras of this machine, and what is wrong with a name.

Cameras are numbered anew at each start; udev keeps names beside the numbers that stay.
"""

from pathlib import Path

from edgedet import paths

BY_ID, BY_PATH = Path("/dev/v4l/by-id"), Path("/dev/v4l/by-path")


def problem_of_file(path: Path) -> str:
    """Why `path` cannot be played; empty if it is a file."""
    what = paths.problem_of_file(path)
    return f"'{path}' {what}; expected a video file" if what else ""


def problem_of_device(path: Path, folders: tuple[Path, ...] = (BY_ID, BY_PATH)) -> str:
    """Why there is no camera at `path`, and what is there instead; empty if there is one."""
    return "" if paths.is_there(path) else missing_device(str(path), stable_names(folders))


def stable_names(folders: tuple[Path, ...] = (BY_ID, BY_PATH)) -> dict[Path, Path]:
    """The stable names of the video devices here and what they stand for now, by-id first."""
    names = {}
    for folder in folders:
        if folder.is_dir():
            links = sorted(folder.iterdir())
            names.update({link: link.resolve() for link in links if "video-index0" in link.name})
    return names


def missing_device(device: str, names: dict[Path, Path]) -> str:
    """Why `device` cannot be opened, and what is there instead."""
    if not names:
        return (
            f"'{device}' is not there, nor is any other camera; check that it is plugged in, and in"
            " a container that its device is passed through"
        )
    known = ", ".join(f"v4l2://{name}" for name in names)
    return f"'{device}' is not there; the cameras here are {known}"


def unstable_name(device: str, names: dict[Path, Path]) -> str:
    """What to write instead of `device`, whose number may be another's tomorrow; empty if fine."""
    if not device.removeprefix("/dev/video").isdecimal():
        return ""
    for name, target in names.items():
        if str(target) == device:
            return f"'{device}' may be another camera after a restart; write v4l2://{name}"
    return f"'{device}' may be another camera after a restart; /dev/v4l/by-id has names that stay"


def advice_on_device(path: Path, names: dict[Path, Path]) -> list[str]:
    """What to say of `path` before anything is opened; `names` are the stable ones here."""
    gone = "" if paths.is_there(path) else missing_device(str(path), names)
    return [text for text in (gone, unstable_name(str(path), names)) if text]
