"""The latest commands by id, kept on disk: what is sent twice is carried out once.

An id is written down before its command is carried out. After a power cut in between, the command
counts as begun: better not done than done twice.
"""

import json
import logging
from collections import OrderedDict
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel

from edgedet.files import write_whole
from edgedet.state_files import StateFileError, take_up_state

logger = logging.getLogger(__name__)

CAPACITY = 256

Outcome = Literal["begun", "ok", "error"]


@dataclass(frozen=True, slots=True)
class Remembered:
    """A command that was given before."""

    id: str
    name: str
    outcome: Outcome

    def __str__(self) -> str:
        """What to tell whoever gives it again."""
        if self.outcome == "begun":
            return f"'{self.name}' was begun with this id before a restart; whether done is unknown"
        return f"'{self.name}' was given with this id before, and answered with {self.outcome}"


class _Entry(BaseModel):
    id: str
    name: str
    outcome: Outcome


class _File(BaseModel):
    commands: list[_Entry]


class CommandMemory:
    """Remembers the latest `CAPACITY` commands. For one thread."""

    def __init__(self, path: Path) -> None:
        """Take up what an earlier run wrote to `path`.

        A file that cannot be read is told of, and so is one that cannot be written: cameras are
        watched all the same, and commands refused until it can.
        """
        self.folder = path.parent
        self._path = path
        self._commands: OrderedDict[str, Remembered] = OrderedDict()
        for entry in _read(path):
            self._commands[entry.id] = Remembered(entry.id, entry.name, entry.outcome)
        try:
            self._write()
        except OSError as exc:
            logger.error(  # noqa: TRY400 - the message says it all
                "cannot write '%s' (%s): commands over MQTT need it, so that none is carried out"
                " twice, and are refused meanwhile; make room, or see that this user may write"
                " there (state_dir)",
                path,
                exc.strerror,
            )

    def recall(self, command_id: str) -> Remembered | None:
        """What is known of an id."""
        return self._commands.get(command_id)

    def note(self, command_id: str, name: str, outcome: Outcome) -> None:
        """Write down what became of a command, `begun` first; the oldest is forgotten.

        Raises:
            OSError: it cannot be written; it is not remembered either then.
        """
        before = self._commands.copy()
        self._commands[command_id] = Remembered(command_id, name, outcome)
        while len(self._commands) > CAPACITY:
            self._commands.popitem(last=False)
        try:
            self._write()
        except OSError:
            self._commands = before
            raise

    def _write(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        body = {"commands": [asdict(command) for command in self._commands.values()]}
        write_whole(self._path, json.dumps(body, ensure_ascii=False).encode())


def _read(path: Path) -> list[_Entry]:
    try:
        found = take_up_state(path, _File.model_validate_json)
    except StateFileError as exc:
        logger.warning("%s; commands given before this start are not recognised", exc)
        return []
    return [] if found is None else found.commands
