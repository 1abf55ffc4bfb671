"""The page of a run: self-contained, complete, and safe whatever the names are."""

from pathlib import Path

import pytest

from tests.train.report.made import SIDE, Page, make_evaluation
from train.config import Recipe
from train.engine import RunPlan
from train.engine.run_folder import EpochResult, RunFolder
from train.report import RunSummary, write_report
from train.report.label_charts import label_statistics
from train.report.run import best_epoch, recipe_rows

HOSTILE = "<script>alert('1')</script>"
NAMES = ("person", HOSTILE)
ANCHORS = (((10.0, 20.0), (30.0, 40.0)), ((100.0, 100.0), (200.0, 90.0)))


def row(epoch: int, ap: float | None) -> EpochResult:
    return EpochResult(
        epoch=epoch,
        images_per_s=10.0 + epoch,
        ap50=None if ap is None else 2 * ap,
        ap=ap,
        loss_box=0.1,
        loss_obj=0.2,
        loss_cls=0.0,
        loss_total=0.3,
        lr=0.001,
        image_size=416,
        images_seen=100 * (epoch + 1),
        seconds=8.0,
    )


ROWS = [row(0, None), row(1, 0.4), row(2, 0.3)]


def write(folder: Path) -> str:
    made = make_evaluation(folder, NAMES)
    run = RunFolder(folder / "run", resume=False)
    facts = {"command": "python -m train fit --data d.yaml", "commit": HOSTILE, "started_from": ""}
    plan = RunPlan(Recipe(lr0=0.007), NAMES, 3, 416, 8, facts=facts)
    samples = [one.sample for one in made.results]
    labels = {"train": label_statistics(samples, 2, SIDE), "val": label_statistics(samples, 2, 64)}
    summary = RunSummary(ROWS, made.scores, made.found, made.results, labels, ANCHORS)
    write_report(run, plan, summary)
    return run.report.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> str:
    return write(tmp_path_factory.mktemp("report"))


@pytest.fixture(scope="module")
def page(text: str) -> Page:
    return Page(text)


def test_names_the_best_epoch_the_scores_and_the_speed(page: Page) -> None:
    words = " ".join(page.text.split())

    assert "2 of 3 best epoch" in words
    assert "300 pictures seen" in words
    assert "11.0 images/s trained (median)" in words
    assert "AP@50 (COCO), val" in words


def test_says_how_to_repeat_the_run(page: Page) -> None:
    assert page.after("command") == "python -m train fit --data d.yaml"
    assert page.after("seed") == "0"
    assert "started from" not in page.cells
    assert set(Recipe().model_dump()) <= set(page.cells)


def test_values_that_are_no_defaults_come_first(page: Page) -> None:
    place = page.cells.index("lr0")

    assert page.cells[place + 1 : place + 3] == ["0.007", str(Recipe().lr0)]
    assert recipe_rows(Recipe(lr0=0.007))[0].name == "lr0"
    assert not any(one.changed for one in recipe_rows(Recipe()))


def test_shows_both_splits(page: Page) -> None:
    objects = page.cells[page.cells.index("train") + 3]

    assert int(objects) > 0
    assert page.cells[page.cells.index("val") + 3] == objects


def test_needs_nothing_from_elsewhere_and_stays_small(page: Page, text: str) -> None:
    assert len(page.sources) > 6
    assert [each for each in page.sources if not each.startswith("data:image/")] == []
    assert [each for each in page.links if each[1:] not in page.ids] == []
    assert {"script", "link", "iframe"}.isdisjoint(page.tags)
    assert "url(" not in text
    assert len(text) < 5e6


def test_names_are_text_and_never_markup(page: Page) -> None:
    assert page.after("commit") == HOSTILE
    assert HOSTILE in page.cells


def test_a_page_that_is_there_is_replaced(tmp_path: Path) -> None:
    made = make_evaluation(tmp_path, NAMES, pictures=1)
    run = RunFolder(tmp_path / "run", resume=False)
    run.report.write_text("old", encoding="utf-8")
    labels = {"val": label_statistics([one.sample for one in made.results], 2, 64)}
    summary = RunSummary(ROWS, made.scores, made.found, made.results, labels, ANCHORS)
    write_report(run, RunPlan(Recipe(), NAMES, 3, 416, 8), summary)

    assert Page(run.report.read_text(encoding="utf-8")).headings[0] == "Training run run"
    assert sorted(path.name for path in run.folder.iterdir()) == ["report.html"]


def test_the_best_epoch_is_that_of_the_best_fitness() -> None:
    assert best_epoch(ROWS) == ROWS[1]
    assert best_epoch([row(0, None)]) is None
    assert best_epoch([row(0, 0.4), row(1, 0.4)]) == row(0, 0.4)
