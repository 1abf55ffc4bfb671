"""What a contest of backends found, kept on disk until something changes that it depends on.

A file for each set of facts, written whole. What does not read as it should is as good as absent.
"""

import hashlib
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from edgedet.config.cache import user_cache_dir
from edgedet.files import write_whole
from edgedet.state_files import StateFileError, read_state

logger = logging.getLogger(__name__)

_FOLDER = "backends"
_MAX_BYTES = 65_536
_MAX_FILES = 64  # the oldest go: every new model and version leaves one

Milliseconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Facts(_Part):
    """All that a choice depends on. `libraries` are versions by backend."""

    bundle: str
    machine: str
    cores: int
    threads: int
    max_batch: int
    edgedet: str
    libraries: dict[str, str]

    @property
    def file_name(self) -> str:
        """A name for the file about these facts."""
        text = json.dumps(self.model_dump(), sort_keys=True)
        return f"{hashlib.sha256(text.encode()).hexdigest()[:16]}.json"


class Timing(_Part):
    """What a backend took at best for one picture, and for a batch."""

    backend: str
    images_per_s: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    single_ms: Milliseconds
    batch: int = Field(ge=1)
    batch_ms: Milliseconds


class Choice(_Part):
    """The backend that was chosen, and from what. `was_busy`: other programs took the cores."""

    schema_: Literal["edgedet.backend-choice/1"] = Field(
        default="edgedet.backend-choice/1", alias="schema"
    )
    facts: Facts
    measured_at: AwareDatetime
    backend: str
    timings: list[Timing]
    was_busy: bool = False

    model_config = ConfigDict(
        extra="forbid", frozen=True, populate_by_name=True, serialize_by_alias=True
    )

    def is_about(self, facts: Facts) -> bool:
        """Whether it holds for `facts`, and names a backend that was measured."""
        return self.facts == facts and self.backend in {one.backend for one in self.timings}


def _default_folders() -> tuple[Path, ...]:
    cache = user_cache_dir()
    return () if cache is None else (cache,)


@dataclass(frozen=True, slots=True)
class ChoiceStore:
    """Choices in the first of `folders` that can be written; by default in the user's cache.

    With `remeasures` nothing is read, so that everything is measured anew.
    """

    folders: Sequence[Path] = field(default_factory=_default_folders)
    remeasures: bool = False

    def load(self, facts: Facts) -> tuple[Choice, Path] | None:
        """The choice for `facts` and its file; None if there is none that can be believed."""
        if self.remeasures:
            return None
        for folder in self.folders:
            path = folder / _FOLDER / facts.file_name
            choice = _read(path)
            if choice is None:
                continue
            if choice.is_about(facts):
                return choice, path
            logger.warning("%s is about something else and is left aside", path)
        return None

    def save(self, choice: Choice) -> Path | None:
        """Keep `choice`; where, or None if no folder could be written."""
        for folder in self.folders:
            path = folder / _FOLDER / choice.facts.file_name
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                write_whole(path, f"{choice.model_dump_json(indent=2)}\n".encode())
                _forget_oldest(path.parent)
            except OSError as exc:
                logger.debug("cannot keep the choice of a backend in %s: %s", path, exc)
                continue
            return path
        return None


def store_in(state_dir: Path, *, remeasures: bool = False) -> ChoiceStore:
    """A store in `state_dir`, or in the user's cache where that cannot be written."""
    return ChoiceStore((state_dir, *_default_folders()), remeasures)


def _read(path: Path) -> Choice | None:
    try:
        return read_state(path, Choice.model_validate_json, _MAX_BYTES)
    except StateFileError as exc:
        logger.warning("%s; measuring anew", exc)
        return None


def _forget_oldest(folder: Path) -> None:
    files = sorted(folder.glob("*.json"), key=lambda path: path.stat().st_mtime_ns)
    for path in files[:-_MAX_FILES]:
        path.unlink(missing_ok=True)
