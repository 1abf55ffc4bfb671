"""How far the change of a model has got, as a file that is always whole.

It is written before each step is taken, so that a start after a power cut knows what was under way.
"""

import logging
from enum import Enum
from pathlib import Path
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from edgedet.errors import ModelError
from edgedet.files import sync, write_whole
from edgedet.models.store import CONFIGURED
from edgedet.rollout.wish import Wish
from edgedet.state_files import StateFileError, take_up_state

logger = logging.getLogger(__name__)

FILE = "rollout.json"


class State(str, Enum):
    """How far it is."""

    IDLE = "idle"
    """Nothing was ever changed here."""
    FETCHING = "fetching"
    VERIFYING = "verifying"
    PREPARING = "preparing"
    """It is loaded beside the old one, which serves."""
    PROVING = "proving"
    """It answers its golden pictures."""
    SHADOW = "shadow"
    """It looks at live frames beside the old one."""
    SWITCHING = "switching"
    WATCHING = "watching"
    """It serves, and has to show that it is good."""
    RETURNING = "returning"
    """It was no good: the old one takes over again."""
    SETTLED = "settled"
    INSTALLED = "installed"
    """It was proven and kept, as nobody asked for more."""
    REFUSED = "refused"
    """It never served."""
    ROLLED_BACK = "rolled_back"
    """It served, and was no good."""
    WITHDRAWN = "withdrawn"
    """Something else was wanted before it was through."""

    @property
    def is_over(self) -> bool:
        """Whether nothing is under way."""
        return self in _OVER

    @property
    def is_risky(self) -> bool:
        """Whether the new model's own code runs, which may take the process with it."""
        return self in _RISKY


_OVER = frozenset(
    (
        State.IDLE,
        State.SETTLED,
        State.INSTALLED,
        State.REFUSED,
        State.ROLLED_BACK,
        State.WITHDRAWN,
    )
)
_RISKY = frozenset((State.PREPARING, State.PROVING, State.SHADOW, State.SWITCHING, State.WATCHING))


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SourceRate(_Part):
    """What a model saw of a source."""

    frames: int
    objects: int


class Baseline(_Part):
    """What the new model is held against while it is watched."""

    picture_ms: float
    """Time of the old model for a picture; 0: not known."""
    sources: dict[str, SourceRate] = {}


class Handled(_Part):
    """The desired state that was looked at last."""

    key: str
    id: str
    seen: AwareDatetime
    outcome: Literal["waiting", "begun", "done", "failed"]
    reason: str = ""
    model: str = ""
    """The model that it names, by id or digest: that stays installed."""
    sha256: str = ""


class Record(_Part):
    """The latest change, and the desired state. `figures` by name, as they are told."""

    schema_: Literal["edgedet.rollout/1"] = Field(default="edgedet.rollout/1", alias="schema")
    state: State = State.IDLE
    since: AwareDatetime | None = None
    wish: Wish | None = None
    before: str = ""
    """The id of the model that served when it began."""
    to: str = ""
    """The id of the new one, once it is installed."""
    serving: str = CONFIGURED
    """The id of the model that served last and may stay: not the one that is watched."""
    configured_sha256: str = ""
    """The digest of the bundle that the configuration named when it began."""
    reason: str = ""
    deaths: int = 0
    """How often the process died of no order while the new model's code ran."""
    figures: dict[str, float] = {}
    baseline: Baseline | None = None
    desired: Handled | None = None

    model_config = ConfigDict(
        extra="forbid", frozen=True, populate_by_name=True, serialize_by_alias=True
    )


def closed(record: Record) -> Record:
    """A record of a change that is over: the desired state that asked for it was seen to."""
    record = record.model_copy(update={"deaths": 0})
    desired, wish = record.desired, record.wish
    if desired is None or wish is None or desired.key != wish.key or desired.outcome != "begun":
        return record
    is_done = record.state in (State.SETTLED, State.INSTALLED)
    outcome = {"outcome": "done" if is_done else "failed", "reason": record.reason}
    return record.model_copy(update={"desired": desired.model_copy(update=outcome)})


class RecordFile:
    """Where the record is kept."""

    def __init__(self, folder: Path) -> None:
        """Keep it in `folder`, which need not be there yet."""
        self.path = folder / FILE

    def read(self) -> Record:
        """What was written; a fresh one if nothing ever was, or it cannot be read."""
        try:
            return take_up_state(self.path, Record.model_validate_json) or Record()
        except StateFileError as exc:
            logger.error("%s; what was under way is forgotten", exc)  # noqa: TRY400 - says it all
            return Record()

    def write(self, record: Record) -> None:
        """Replace what is there in one step.

        Raises:
            ModelError: it cannot be written; what was there stays.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(self.path, record.model_dump_json(indent=1).encode() + b"\n")
            sync(self.path.parent)  # the new name, before whatever is done next
        except OSError as exc:
            msg = f"cannot write {self.path} ({exc.strerror or exc}); no model is changed"
            raise ModelError(msg) from exc
