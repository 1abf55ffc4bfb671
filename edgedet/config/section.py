"""The base of all settings: frozen, no unknown keys, values never shown in errors."""

import re
from collections.abc import Iterator
from pathlib import Path
from types import UnionType
from typing import Annotated, Literal, Union, get_args, get_origin

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from edgedet.config.addresses import has_control_characters
from edgedet.log import redact
from edgedet.paths import problem_of_path

CREDENTIALS_FOLDER = Path("/etc/edgedet/credentials")
"""What the installed unit passes to the service as systemd credentials, a file each."""

_MAX_SHOWN = 80
_CREDENTIAL = "credential:"
_CREDENTIAL_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,200}")

Slug = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
"""A name that may be part of an MQTT topic."""


def _in_folder(path: Path, info: ValidationInfo) -> Path:
    """`path`, relative to the folder of the configuration file if validation was told one."""
    folder = (info.context or {}).get("folder")
    if str(path).startswith(_CREDENTIAL):
        return _credential(str(path).removeprefix(_CREDENTIAL), info)
    if "\0" in str(path):
        raise ValueError(problem_of_path(path))
    try:
        path = path.expanduser()
    except RuntimeError as exc:
        msg = f"there is no home folder for '{path.parts[0]}'; write the whole path"
        raise ValueError(msg) from exc
    path = path if folder is None else Path(folder) / path
    if problem := problem_of_path(path):
        raise ValueError(problem)
    return path


def _credential(name: str, info: ValidationInfo) -> Path:
    if not _CREDENTIAL_NAME.fullmatch(name):
        msg = f"expected {_CREDENTIAL}NAME with letters, digits, _, - and . only"
        raise ValueError(msg)
    return Path((info.context or {}).get("credentials") or CREDENTIALS_FOLDER) / name


ConfigPath = Annotated[Path, AfterValidator(_in_folder)]
"""A path in a configuration file: relative ones are relative to that file.

`credential:NAME` is the systemd credential of that name; where systemd passes none, as when an
operator checks the configuration, the file that the installer's unit passes as that credential.
"""


def _is_text(login: str) -> str:
    if has_control_characters(login):
        msg = "a user name cannot hold control characters"
        raise ValueError(msg)
    return login


UserName = Annotated[str, Field(max_length=1024), AfterValidator(_is_text)]
"""A user name, as it goes into addresses and messages."""


def shown(text: str) -> str:
    """`text` as it may be printed: short, and without what may be a password before an `@`.

    >>> shown("rtsp:/admin:secret@10.0.0.5/1")
    '***@10.0.0.5/1'
    """
    text = redact(text)
    if "://" not in text and "@" in text:
        text = "***@" + text.rpartition("@")[2]
    return brief(text)


def brief(text: str, limit: int = _MAX_SHOWN) -> str:
    """The begin of `text`, on one line: what would move or colour a terminal is written out.

    >>> brief("a\N{ESCAPE}[31mb") == "a" + chr(92) + "x1b[31mb"
    True
    """
    text = text if len(text) <= limit else text[:limit] + "…"
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode() for each in text
    )


class Section(BaseModel):
    """A group of settings, unchangeable once loaded."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        use_attribute_docstrings=True,
        allow_inf_nan=False,
    )

    @field_validator("*", mode="before")
    @classmethod
    def _no_truth_for_a_number(cls, value: object, info: ValidationInfo) -> object:
        """`true` is no 1; numbers in quotes are numbers, as the environment has nothing else."""
        if isinstance(value, bool):
            kinds = set(_kinds(cls.model_fields[info.field_name or ""].annotation))
            if kinds & {int, float} and bool not in kinds:
                msg = "expected a number"
                raise ValueError(msg)
        return value


def _kinds(annotation: object) -> Iterator[object]:
    """The types that a field may have, each by itself."""
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        yield from _kinds(parts[0])
    elif origin in (Union, UnionType):
        for part in parts:
            yield from _kinds(part)
    elif origin is Literal:
        yield from map(type, parts)
    else:
        yield annotation


def changed_settings(before: BaseModel, after: BaseModel) -> set[str]:
    """The settings that differ between two of a kind, by name."""
    return {
        name for name in type(before).model_fields if getattr(before, name) != getattr(after, name)
    }
