"""`export.json`, beside a file for another runtime: what it is, and how it was checked."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edgedet.errors import ModelError

FACTS_FILE = "export.json"
_MAX_BYTES = 4 << 20


class _Part(BaseModel):
    model_config = ConfigDict(
        extra="forbid", frozen=True, populate_by_name=True, serialize_by_alias=True
    )


class Check(_Part):
    """The largest differences from the checkpoint, or why nothing was compared.

    `pictures` says which, as in `8 of val, data/pets09/data.yaml`.
    """

    pictures: str
    box_px: float | None = None
    score: float | None = None
    not_run: str | None = None


class ExportFacts(_Part):
    """What a program must know to use the file, and where it comes from."""

    schema_: Literal["edgedet.export/1"] = Field(default="edgedet.export/1", alias="schema")
    format: str
    file: str = Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$")
    name: str
    architecture: str
    class_names: list[str]
    height: int
    width: int
    candidates: int
    check: Check


def write_facts(folder: Path, facts: ExportFacts) -> None:
    """Write `export.json` into `folder`."""
    text = facts.model_dump_json(indent=2) + "\n"
    (folder / FACTS_FILE).write_text(text, encoding="utf-8")


def read_facts(folder: Path) -> ExportFacts:
    """What `export.json` in `folder` says.

    Raises:
        ModelError: If it cannot be read, or is something else.
    """
    path = folder / FACTS_FILE
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_BYTES)
        return ExportFacts.model_validate_json(content)
    except OSError as exc:
        msg = f"cannot read {path}: {exc.strerror}"
        raise ModelError(msg) from exc
    except ValidationError as exc:
        first = exc.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "(whole file)"
        msg = f"{path} is not of schema edgedet.export/1: {where}: {first['msg']}; export it again"
        raise ModelError(msg) from exc
