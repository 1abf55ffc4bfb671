"""Which bundle a device uses, as a file that is always whole."""

import logging
from pathlib import Path
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from edgedet.errors import ModelError, first_line
from edgedet.files import write_whole

logger = logging.getLogger(__name__)

ACTIVE_FILE = "active.json"

_MAX_BYTES = 1 << 20


class ActiveModel(BaseModel):
    """Which bundle is in use. `history`: those before it, the latest last."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    schema_: Literal["edgedet.active/1"] = Field(default="edgedet.active/1", alias="schema")
    model: str
    since: AwareDatetime
    reason: str
    configured_sha256: str
    """The digest of the bundle that the configuration named then: another one there wins."""
    history: list[str] = []


def read_active(path: Path) -> ActiveModel | None:
    """What was written to `path`; None if nothing ever was, or it cannot be read."""
    try:
        with path.open("rb") as file:
            return ActiveModel.model_validate_json(file.read(_MAX_BYTES))
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as exc:
        logger.error(  # noqa: TRY400 - the reason is told, a stack is of no use
            "%s cannot be read (%s); the configured model is used", path, first_line(exc)
        )
        return None


def write_active(path: Path, active: ActiveModel) -> None:
    """Replace what is at `path` in one step.

    Raises:
        ModelError: if it cannot be written; what was there stays.
    """
    content = active.model_dump_json(by_alias=True, indent=2) + "\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, content.encode())
    except OSError as exc:
        msg = f"cannot write into {path.parent} ({exc.strerror}); nothing was changed"
        raise ModelError(msg) from exc
