import re
from pathlib import Path

import pytest

from tests.train.report.made import Made, Page, make_evaluation, nothing
from train.evaluate.errors import ERROR_KINDS
from train.report import write_evaluation
from train.report.evaluation import ERROR_WORDS, conditions


def write(folder: Path, made: Made) -> Page:
    path = folder / "page.html"
    write_evaluation(path, made.scores, made.found, made.results, {"weights": "best.pt"})
    return Page(path.read_text(encoding="utf-8"))


def test_shows_scores_by_class_and_size_errors_and_thresholds(tmp_path: Path) -> None:
    made = make_evaluation(tmp_path, ["cat", "dog"])
    page = write(tmp_path, made)

    assert page.headings[0] == "Evaluation of best.pt"
    assert page.after("all") == str(made.scores.labels)
    assert f"{made.found.coco.ap('all', 0):.3f}" in page.cells
    assert page.after("weights") == "best.pt"
    assert page.after("machine") == "an abacus"
    told = [heading.split(":")[0] for heading in page.headings]
    assert [kind for kind in ERROR_KINDS if kind in told]
    assert f"trapezoid AP) the same detections score AP@50 {made.found.trapezoid_ap50:.3f}" in (
        " ".join(page.text.split())
    )


def test_errors_are_shown_dearest_first(tmp_path: Path) -> None:
    made = make_evaluation(tmp_path, ["cat", "dog"])
    page = write(tmp_path, made)
    told = [heading.split(":")[0] for heading in page.headings]
    shown = [kind for kind in told if kind in ERROR_KINDS]

    assert shown == [one.kind for one in made.found.errors if one.kind in shown]


@pytest.mark.parametrize("names", [["cat"], [f"class {n}" for n in range(80)]])
def test_one_class_and_eighty_fit(tmp_path: Path, names: list[str]) -> None:
    page = write(tmp_path, make_evaluation(tmp_path, names, pictures=30))

    assert (tmp_path / "page.html").stat().st_size < 5_000_000
    assert [each for each in page.sources if not each.startswith("data:image/")] == []


def test_nothing_found_and_nothing_there(tmp_path: Path) -> None:
    page = write(tmp_path, nothing(tmp_path, ["cat"]))

    assert page.after("all") == "0"
    assert not re.search(r"\bnan\b", page.text)


def test_every_kind_of_mistake_is_explained() -> None:
    assert tuple(ERROR_WORDS) == ERROR_KINDS


def test_conditions_name_the_shape(tmp_path: Path) -> None:
    scores = make_evaluation(tmp_path, ["cat"], pictures=1).scores

    assert conditions(scores)["input"] == "320 x 320 px, letterboxed as on the device"
    assert conditions(scores)["NMS"] == "IoU 0.45, at most 300 detections"
