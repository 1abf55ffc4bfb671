"""What of a refresh is done: a stamp for each step, so that the same command goes on after a kill.

<out>/request.json       what was asked for
<out>/steps/<step>.json  what a finished step found
"""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

from edgedet.errors import DataError, UsageError
from edgedet.files import write_whole

_REQUEST, _STEPS = "request.json", "steps"


class Journal:
    """The folder of a refresh and the stamps in it."""

    def __init__(self, folder: Path, request: Mapping[str, str]) -> None:
        """Begin in a new or empty folder, or go on in that of the same request.

        Raises:
            DataError: if the folder cannot be read or written.
            UsageError: if the folder is in use for something else.
        """
        self.folder = folder
        self._steps = folder / _STEPS
        path = folder / _REQUEST
        if path.is_file():
            self.is_resumed = True
            _check_same(folder, _read(path), request)
            return
        if folder.exists() and not _is_free(folder):
            msg = f"--out {folder} is not empty, and no refresh was begun there; choose another one"
            raise UsageError(msg)
        self.is_resumed = False
        try:
            self._steps.mkdir(parents=True, exist_ok=True)
            _write(path, request)
        except OSError as exc:
            msg = f"cannot write to --out {folder}: {exc.strerror or exc}"
            raise UsageError(msg) from exc

    def found(self, step: str) -> dict[str, object] | None:
        """What `step` found, if it is done.

        Raises:
            DataError: if its stamp cannot be read.
        """
        path = self._steps / f"{step}.json"
        return _read(path) if path.is_file() else None

    def stamp(self, step: str, facts: Mapping[str, object]) -> None:
        """Note that `step` is done. What it wrote must be on the disk by then.

        Raises:
            DataError: if it cannot be written.
        """
        path = self._steps / f"{step}.json"
        try:
            self._steps.mkdir(exist_ok=True)
            _write(path, facts)
        except OSError as exc:
            msg = f"cannot write {path}: {exc.strerror or exc}; the same command goes on from here"
            raise DataError(msg) from exc

    def forget(self, *steps: str) -> None:
        """Have these steps done again."""
        for step in steps:
            (self._steps / f"{step}.json").unlink(missing_ok=True)

    def fresh(self, name: str) -> Path:
        """The place `name` in the folder, rid of what an interrupted step has left there."""
        place = self.folder / name
        shutil.rmtree(place, ignore_errors=True)
        return place


def _is_free(folder: Path) -> bool:
    """Whether nothing is there but what a kill at the very beginning may leave."""
    return folder.is_dir() and all(
        path.name == _STEPS or path.name.startswith(".") for path in folder.iterdir()
    )


def _check_same(folder: Path, before: Mapping[str, object], now: Mapping[str, str]) -> None:
    for name in sorted({*before, *now}):
        if before.get(name, "") != now.get(name, ""):
            msg = (
                f"the refresh in {folder} was begun with {name} {before.get(name) or 'unset'}, not "
                f"{now.get(name) or 'unset'}; give the same, or choose another --out"
            )
            raise UsageError(msg)


def _read(path: Path) -> dict[str, object]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as exc:
        msg = f"cannot read {path}: {exc}; remove it, and its step is done again"
        raise DataError(msg) from exc
    if not isinstance(content, dict):
        msg = f"{path} is not as it was written; remove it, and its step is done again"
        raise DataError(msg)
    return content


def _write(path: Path, content: Mapping[str, object]) -> None:
    write_whole(path, (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode())
