"""What somebody wants a device to run: the operator here, a command, or the desired state. Pure.

What comes over the network is read with suspicion: whoever has the broker can write it.
"""

import hashlib
import json
from datetime import datetime, timedelta
from enum import Enum
from typing import Annotated, Literal

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from edgedet.config.problems import path_text, problems_of
from edgedet.errors import ModelError

DESIRED_MODEL = "edgedet.desired_model/1"
MAX_BYTES = 8192

_MAX_WITHIN_S = 30 * 86_400

ModelId = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,127}$")]
Place = Annotated[str, Field(min_length=1, max_length=2000)]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Asker(str, Enum):
    """Who wants it. What the operator of the machine wants needs no permission."""

    OPERATOR = "operator"
    COMMAND = "command"
    DESIRED = "desired"

    @property
    def is_remote(self) -> bool:
        """Whether it came over the network."""
        return self is not Asker.OPERATOR


class Wish(BaseModel):
    """A model to be used: one that is installed, or one to fetch from `url`, by its digest.

    `sha256` is the digest of its manifest, which names those of all other files.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    asker: Asker
    model: str = ""
    """The id of an installed one, or `configured`; empty: fetch it."""
    url: str = ""
    sha256: str = ""
    activates: bool = True
    """False: it is fetched, proven and kept, no more."""
    changes_classes: bool = False
    """Others than those in use are meant."""
    goes_back: bool = False
    """To one that was in use before: it need not be better than the present one."""
    key: str = ""
    """Of the desired state that says so."""

    def __str__(self) -> str:
        """The model in few words."""
        return self.model or f"{self.url} ({self.sha256[:12]})"


def wish_back(model: str, asker: Asker) -> Wish:
    """For a model that was in use before, whatever its classes."""
    return Wish(asker=asker, model=model, goes_back=True, changes_classes=True)


class DesiredModel(BaseModel):
    """The payload of `desired/model`. Unknown fields are refused: a slip must not move a fleet."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    schema_name: Literal["edgedet.desired_model/1"] = Field(alias="schema")
    id: Annotated[str, Field(pattern=r"^[!-~]{1,192}$")]
    model: ModelId | None = None
    url: Place | None = None
    sha256: Digest | None = None
    not_before: AwareDatetime | None = None
    within_s: float = Field(default=0.0, ge=0, le=_MAX_WITHIN_S)

    @model_validator(mode="after")
    def _names_one_model(self) -> "DesiredModel":
        if (self.model is None) == (self.url is None):
            msg = "expected model or url, one of them"
            raise ValueError(msg)
        if self.url is not None and self.sha256 is None:
            msg = "url needs sha256, the digest of the bundle's manifest.json"
            raise ValueError(msg)
        return self

    @property
    def key(self) -> str:
        """The same for the same content, however it is written."""
        content = json.dumps(self.model_dump(mode="json"), sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()

    @property
    def named(self) -> dict[str, str]:
        """What is remembered of it: itself, and the model that it names, by id or digest."""
        model, sha256 = self.model or "", self.sha256 or ""
        return {"key": self.key, "id": self.id, "model": model, "sha256": sha256}

    def wish(self) -> Wish:
        """What it asks for."""
        return Wish(
            asker=Asker.DESIRED,
            model=self.model or "",
            url=self.url or "",
            sha256=self.sha256 or "",
            key=self.key,
        )

    def due(self, seen: datetime, device: str) -> datetime:
        """When it is this device's turn, if it was first `seen` then."""
        return (self.not_before or seen) + timedelta(seconds=offset_s(device, self.within_s))


def read_desired(payload: bytes) -> DesiredModel:
    """The desired state in `payload`.

    Raises:
        ModelError: it is too large, no JSON, or not of the schema.
    """
    if len(payload) > MAX_BYTES:
        msg = f"the desired state has {len(payload)} bytes; expected at most {MAX_BYTES}"
        raise ModelError(msg)
    try:
        return DesiredModel.model_validate_json(payload)
    except ValidationError as exc:
        problems = problems_of(exc, DesiredModel)
        told = "; ".join(
            f"{path_text(each.path)}: {each.message}" if each.path else each.message
            for each in problems
        )
        msg = f"the desired state cannot be read: {told}"
        raise ModelError(msg) from exc


def offset_s(device: str, within_s: float) -> float:
    """How long after the first device of a fleet this one begins: always the same for its name.

    >>> [round(offset_s(name, 3600)) for name in ("gate-01", "gate-02", "gate-03")]
    [3441, 3574, 896]
    """
    digest = hashlib.sha256(device.encode()).digest()
    return within_s * int.from_bytes(digest[:8], "big") / 2**64
