"""Mending what can be mended without asking, and writing down every bit of it.

Nothing is deleted: rows that go stay in the journal, pictures that go move to a folder.
"""

import json
import os
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path
from textwrap import shorten
from typing import Literal

from edgedet.errors import DataError
from edgedet.files import write_text_atomically
from train.data.audit.audit import Audit
from train.data.audit.findings import Place
from train.data.audit.scan import PictureFacts
from train.data.description import label_path
from train.data.labels import parse_labels, read_label_text

JOURNAL = "fixes.json"
QUARANTINE = "quarantine"
_TOLD = 120  # characters of a row; polygons have thousands
_SLIGHTLY = 0.05  # of the picture that a box may stick out; more is a mistake of another kind

Action = Literal["clip row", "remove row", "move file"]


@dataclass(frozen=True, slots=True)
class Fix:
    """One change: a row of a label file, `before` and `after` (empty: gone), or a file moved."""

    action: Action
    path: str
    line: int
    before: str
    after: str
    why: str

    def __str__(self) -> str:
        """What a person is told."""
        if self.action == "move file":
            return f"move {self.path} to {self.after} ({self.why})"
        before = f"'{shorten(self.before, _TOLD, placeholder=' …')}'"
        change = f"{before} becomes '{self.after}'" if self.after else before
        return f"{self.action} {self.path}:{self.line}: {change} ({self.why})"


def plan_fixes(report: Audit) -> tuple[list[Fix], list[str]]:
    """What `apply_fixes` would change, and what is left for a person, with the reason."""
    places = {found.kind: found.places for found in report.findings}
    fixes: list[Fix] = []
    left: list[str] = []
    facts = {each.path: each for each in report.pictures}
    moved = {place.path for place in places.get("corrupt-picture", ())}
    for place in places.get("corrupt-picture", ()):
        steps, reason = _moves(report, facts[place.path], place)
        fixes += steps
        left += [reason] if reason else []
    wanted: dict[Path, dict[int, str]] = defaultdict(dict)
    for kind, why in (
        ("no-size", "it has no size"),
        ("below-a-pixel", "it is smaller than a pixel"),
        ("repeated-row", "it repeats another row"),
        ("outside", "it leaves the picture"),
    ):
        for place in places.get(kind, ()):
            if place.picture not in moved:
                wanted[place.path][place.line] = why
    for label in sorted(wanted):
        rows, reasons = _row_fixes(label, wanted[label], len(report.description.class_names))
        fixes += rows
        left += reasons
    return list(dict.fromkeys(fixes)), left


def apply_fixes(report: Audit, fixes: Sequence[Fix]) -> Path:
    """Make the changes, and write `fixes.json` beside `data.yaml`, before and after; its path.

    Raises:
        DataError: if something cannot be written; the journal says what was done until then.
    """
    journal = report.description.path.parent / JOURNAL
    entry: dict[str, object] = {
        "time": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "data_id_before": report.data_id,
        "state": "begun",
        "fixes": [asdict(fix) for fix in fixes],
    }
    earlier = _earlier(journal)
    try:
        _write_journal(journal, [*earlier, entry])
        by_label: dict[str, list[Fix]] = defaultdict(list)
        for fix in fixes:
            if fix.action == "move file":
                _move(Path(fix.path), Path(fix.after))
            else:
                by_label[fix.path].append(fix)
        for path, rows in by_label.items():
            _rewrite(Path(path), rows)
        _write_journal(journal, [*earlier, entry | {"state": "done"}])
    except OSError as exc:
        done = f"; {journal} says what was begun" if journal.exists() else "; nothing was changed"
        msg = f"cannot mend {exc.filename or journal}: {exc.strerror or exc}{done}"
        raise DataError(msg) from exc
    return journal


def _moves(report: Audit, facts: PictureFacts, place: Place) -> tuple[list[Fix], str]:
    """The picture and its labels to quarantine; a reason instead, if a list names the picture."""
    root = report.description.path.parent
    places = report.description.places[facts.split]
    lists = [each for each in places if each.suffix == ".txt"]
    if lists and not any(facts.path.is_relative_to(each) for each in places if each not in lists):
        return [], f"{facts.path}: remove its line in {lists[0]} by hand ({place.told})"
    fixes = []
    for path in (facts.path, label_path(facts.path)):
        if os.path.lexists(path):  # a link to nowhere moves too
            inside = path.relative_to(root) if path.is_relative_to(root) else Path(path.name)
            # the added suffix keeps it out of a split that is the whole folder
            target = root / QUARANTINE / inside.with_name(f"{inside.name}.corrupt")
            fixes.append(Fix("move file", str(path), 0, "", str(target), place.told))
    return fixes, ""


def _row_fixes(
    label: Path, wanted: dict[int, str], class_count: int
) -> tuple[list[Fix], list[str]]:
    text = read_label_text(label)
    lines = text.splitlines()
    parsed = parse_labels(text, class_count)
    outside = {p.line: p.excess for p in parsed.problems if p.fault == "outside"}
    fixes, left = [], []
    for line, why in sorted(wanted.items()):
        before = lines[line - 1].strip()
        if line not in outside:
            fixes.append(Fix("remove row", str(label), line, before, "", why))
        elif outside[line] <= _SLIGHTLY:
            fixes.append(Fix("clip row", str(label), line, before, _clipped(before), why))
        else:
            share = f"{outside[line]:.0%}" if outside[line] < 10 else "far more than all"
            left.append(f"{label}:{line}: the box leaves the picture by {share} of it")
    return fixes, left


def _clipped(row: str) -> str:
    """A row with its box, or each point of its polygon, inside the picture."""
    words = row.split()
    numbers = [float(word) for word in words[1:]]
    if len(numbers) != 4:
        inside = [min(max(number, 0.0), 1.0) for number in numbers]
    else:
        centre_x, centre_y, width, height = numbers
        x1, x2 = max(centre_x - width / 2, 0.0), min(centre_x + width / 2, 1.0)
        y1, y2 = max(centre_y - height / 2, 0.0), min(centre_y + height / 2, 1.0)
        inside = [(x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1]
    return " ".join([words[0], *(f"{number:.6f}" for number in inside)])


def _move(path: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists():
        raise FileExistsError(17, "there is a file of this name already", str(target))
    path.rename(target)


def _rewrite(label: Path, fixes: Sequence[Fix]) -> None:
    lines = read_label_text(label).splitlines()
    after = {fix.line: fix.after for fix in fixes}
    kept = [
        after.get(number, line)
        for number, line in enumerate(lines, start=1)
        if after.get(number, line)
    ]
    text = "".join(f"{line}\n" for line in kept)
    write_text_atomically(label, text)


def _earlier(journal: Path) -> list[object]:
    """The entries of earlier runs.

    Raises:
        DataError: if there is a file of this name that is no journal.
    """
    if not journal.exists():
        return []
    try:
        content = json.loads(journal.read_text(encoding="utf-8"))
    except (OSError, ValueError) as exc:
        msg = f"{journal} is no journal of fixes; move it away first: {exc}"
        raise DataError(msg) from exc
    if not isinstance(content, list):
        msg = f"{journal} is no journal of fixes; move it away first"
        raise DataError(msg)
    return content


def _write_journal(journal: Path, entries: Sequence[object]) -> None:
    text = json.dumps(entries, indent=1, ensure_ascii=False)
    write_text_atomically(journal, text)
