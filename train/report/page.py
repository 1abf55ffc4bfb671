"""From what is known to one HTML file that needs nothing else."""

from collections.abc import Mapping
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from edgedet.errors import DataError
from edgedet.files import write_text_atomically

_TEMPLATES = Path(__file__).resolve().parent / "templates"


def render_page(template: str, values: Mapping[str, object]) -> str:
    """A page from a template of this folder; whatever `values` hold becomes text, never markup."""
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["share"] = share_text
    return environment.get_template(template).render(values)


def write_page(path: Path, text: str) -> None:
    """Write a page whole.

    Raises:
        DataError: If it cannot be written.
    """
    try:
        write_text_atomically(path, text)
    except OSError as exc:
        msg = f"cannot write report {path}: {exc.strerror}; free some space or choose another place"
        raise DataError(msg) from exc


def share_text(value: float | None, digits: int = 3) -> str:
    """A share as text, a dash where there is none.

    >>> share_text(0.12345), share_text(None)
    ('0.123', '-')
    """
    return "-" if value is None else f"{value:.{digits}f}"
