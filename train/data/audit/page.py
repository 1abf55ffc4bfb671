"""The audit as one self-contained HTML page."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from jinja2 import Environment, FileSystemLoader, select_autoescape
from numpy.typing import NDArray

from edgedet.errors import DataError
from edgedet.files import write_text_atomically
from train.data.audit.audit import Audit
from train.data.audit.drawings import drawing
from train.data.audit.findings import Finding, Place
from train.data.audit.scan import PictureFacts

_EXAMPLES = 8  # pictures of a finding
_LINES = 100  # of a finding; all of them are in the JSON
_SAMPLES = 6  # pictures of a split, to see the labels by


ItemT = TypeVar("ItemT")


@dataclass(frozen=True, slots=True)
class _Shown:
    """A drawing with what is written below it; `other` is the picture that it repeats."""

    image: str
    text: str
    other: str | None = None


def write_page(report: Audit, path: Path) -> None:
    """Write the page; pictures are drawn small, with their boxes, inside it.

    Raises:
        DataError: if it cannot be written.
    """
    templates = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=select_autoescape(default=True, default_for_string=True),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    facts = {each.path: each for each in report.pictures}
    root = report.description.path.parent
    text = templates.get_template("page.html.j2").render(
        report=report,
        names=report.description.class_names,
        most=max((max(each.objects, default=0) for each in report.counts), default=0),
        findings=[
            {
                "found": found,
                "shown": _examples(found, facts, root),
                "lines": [_line(place, root) for place in found.places[:_LINES]],
                "more": max(len(found.places) - _LINES, 0),
            }
            for found in report.findings
        ],
        samples={each.split: _samples(report.pictures, each.split, root) for each in report.counts},
    )
    text = text.encode("utf-8", "backslashreplace").decode("utf-8")  # names that are no text
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text_atomically(path, text)
    except OSError as exc:
        msg = f"cannot write report {path}: {exc.strerror or exc}"
        raise DataError(msg) from exc


def _examples(found: Finding, facts: dict[Path, PictureFacts], root: Path) -> list[_Shown]:
    shown: list[_Shown] = []
    for place in _spread([p for p in found.places if p.picture is not None], 4 * _EXAMPLES):
        if place.picture is None or len(shown) == _EXAMPLES:
            continue
        image = drawing(place.picture, _rows(facts.get(place.picture)), place.box)
        other = None if place.other is None else drawing(place.other, _rows(facts.get(place.other)))
        if image is not None:
            shown.append(_Shown(image, _line(place, root), other))
    return shown


def _samples(pictures: Sequence[PictureFacts], split: str, root: Path) -> list[_Shown]:
    own = [each for each in pictures if each.split == split and each.objects and not each.fault]
    shown = []
    for facts in _spread(own, _SAMPLES):
        image = drawing(facts.path, _rows(facts))
        if image is not None:
            shown.append(_Shown(image, f"{_short(facts.path, root)}, {facts.objects} objects"))
    return shown


def _spread(items: Sequence[ItemT], count: int) -> list[ItemT]:
    """At most `count` of them, evenly spaced."""
    if len(items) <= count:
        return list(items)
    return [items[index * len(items) // count] for index in range(count)]


def _rows(facts: PictureFacts | None) -> NDArray[np.float32]:
    none = np.zeros((0, 5), dtype=np.float32)
    return none if facts is None or facts.labels is None else facts.labels.rows


def _line(place: Place, root: Path) -> str:
    return str(place).replace(f"{root}/", "")


def _short(path: Path, root: Path) -> str:
    return str(path.relative_to(root) if path.is_relative_to(root) else path)
