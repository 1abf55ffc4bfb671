"""Which bundle a device uses, as a file that is always whole."""

import logging
from pathlib import Path
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from edgedet.errors import ModelError
from edgedet.files import write_whole
from edgedet.state_files import StateFileError, take_up_state

logger = logging.getLogger(__name__)

ACTIVE_FILE = "active.json"


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
        return take_up_state(path, ActiveModel.model_validate_json)
    except StateFileError as exc:
        logger.error("%s; the configured model is used", exc)  # noqa: TRY400 - it says it all
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
