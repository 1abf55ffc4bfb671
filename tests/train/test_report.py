"""The page of a run: self-contained, complete, and safe whatever the names are."""

import base64
import re
from html.parser import HTMLParser
from pathlib import Path

import cv2
import numpy as np
import pytest

from train.config import Recipe
from train.engine import RunPlan
from train.engine.run_folder import EpochResult, RunFolder
from train.report import write_report

HOSTILE = "<script>alert('1')</script>"


def row(epoch: int, ap: float | None) -> EpochResult:
    ap50 = None if ap is None else 2 * ap
    return EpochResult(epoch, 10.0 + epoch, ap50, ap, 0.1, 0.2, 0.0, 0.3, 0.001, 416, 100, 8.0)


ROWS = [row(0, None), row(1, 0.4), row(2, 0.3)]


class Page(HTMLParser):
    """Tags, the address of the picture, and the cells of all tables."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.sources: list[str] = []
        self.cells: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.sources += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag in ("td", "th"):
            self.cells.append("")

    def handle_data(self, data: str) -> None:
        if self.cells and self.tags[-1] in ("td", "th"):
            self.cells[-1] += data


@pytest.fixture
def page(tmp_path: Path) -> Page:
    folder = RunFolder(tmp_path / "run", resume=False)
    facts = {"command": "fit --data d.yaml", "commit": HOSTILE}
    plan = RunPlan(Recipe(lr0=0.007), ("person", HOSTILE), 3, 416, 8, facts=facts)
    write_report(folder, plan, ROWS)
    return Page(folder.report.read_text(encoding="utf-8"))


def value(page: Page, name: str) -> str:
    return page.cells[page.cells.index(name) + 1]


def test_names_the_best_epoch_and_its_scores(page: Page) -> None:
    assert value(page, "best epoch") == "2 of 3"
    assert (value(page, "AP@50"), value(page, "AP@50:95")) == ("0.8000", "0.4000")
    assert value(page, "images/s (median)") == "11.0"


def test_says_how_to_repeat_the_run(page: Page) -> None:
    assert value(page, "command") == "fit --data d.yaml"
    assert value(page, "lr0") == "0.007"
    assert set(Recipe().model_dump()) <= set(page.cells)


def test_needs_nothing_from_elsewhere_and_shows_a_real_picture(page: Page) -> None:
    (source,) = page.sources
    kind, _, data = source.partition(",")
    image = cv2.imdecode(np.frombuffer(base64.b64decode(data), np.uint8), cv2.IMREAD_COLOR)

    assert kind == "data:image/png;base64"
    assert image is not None
    assert len(np.unique(image)) > 10


def test_names_are_text_and_never_markup(page: Page) -> None:
    assert "script" not in page.tags
    assert value(page, "commit") == HOSTILE


def test_a_resumed_run_replaces_the_page(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run", resume=False)
    plan = RunPlan(Recipe(), ("person",), 3, 416, 8)
    write_report(folder, plan, ROWS[:2])
    write_report(folder, plan, ROWS)

    assert len(re.findall("<h1>", folder.report.read_text(encoding="utf-8"))) == 1
