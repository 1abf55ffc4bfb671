"""The scenarios that come with edgedet."""

from collections.abc import Sequence
from pathlib import Path

from edgedet.paths import is_there

_FOLDER = Path(__file__).parent / "scenarios"


def shipped() -> Sequence[Path]:
    """Their files, by name."""
    return sorted(_FOLDER.glob("*.yaml"))


def find(name: str) -> Path:
    """The scenario at the path `name`, else the one of that name that comes with edgedet."""
    path = Path(name)
    known = _FOLDER / f"{name}.yaml"
    return known if not is_there(path) and is_there(known) else path
