"""The page of a refresh: the verdict first, then old against new, then what was merged."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from edgedet.manifest import Manifest
from train.refresh.figures import POINTS, Line, SetComparison
from train.refresh.gallery import Differences
from train.refresh.verdict import Verdict
from train.report.page import render_page, write_page


@dataclass(frozen=True, slots=True, eq=False)
class PageContent:
    """What the page shows; `facts` are those of the steps, `conditions` name and value."""

    old: Manifest
    new: Manifest
    verdict: Verdict
    sets: Sequence[tuple[SetComparison, Differences]]
    facts: Mapping[str, Mapping[str, object]]
    conditions: Mapping[str, str]


def write_refresh_page(path: Path, content: PageContent) -> None:
    """Write the page.

    Raises:
        DataError: If it cannot be written.
    """
    values = {
        "title": f"Refresh of {content.old.name}: version {content.old.version} to "
        f"{content.new.version}",
        "content": content,
        "merge": content.facts.get("merge", {}),
        "labels": content.facts.get("labels", {}),
        "check": content.facts.get("check", {}),
        "fit": content.facts.get("fit", {}),
        "gain": gain_text,
        "interval": interval_text,
    }
    write_page(path, render_page("refresh.html.j2", values))


def gain_text(line: Line) -> str:
    """Points gained, with their sign.

    >>> gain_text(Line("all", 9, 20, 0.40, 0.45)), gain_text(Line("car", 9, 20, None, 0.45))
    ('+5.0', 'new')
    """
    return "new" if line.gain_points is None else f"{line.gain_points:+.1f}"


def interval_text(line: Line) -> str:
    """Where 95 % of the gains lie, in points; a dash where nobody can tell.

    >>> interval_text(Line("all", 9, 20, 0.40, 0.45, (-0.012, 0.098)))
    '-1.2 to +9.8'
    """
    if line.interval is None:
        return "-"
    low, high = (POINTS * each for each in line.interval)
    return f"{low:+.1f} to {high:+.1f}"
