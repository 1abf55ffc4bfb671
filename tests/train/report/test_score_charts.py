from pathlib import Path

from tests.train.report.made import make_evaluation, nothing
from tests.train.report.svg import words
from train.report.score_charts import calibration_chart, curves_chart, errors_chart


def test_few_classes_are_named_with_their_ap(tmp_path: Path) -> None:
    found = make_evaluation(tmp_path, ["cat", "dog"]).found
    told = words(curves_chart(found))

    assert f"cat  {found.coco.ap50('all', 0):.3f}" in told
    assert f"mean  {found.coco.ap50():.3f}" in told
    assert f"best F1 at {found.best_score:.2f}" in told


def test_many_classes_have_their_mean_named_only(tmp_path: Path) -> None:
    found = make_evaluation(tmp_path, [f"class {n}" for n in range(40)], pictures=20).found
    told = words(curves_chart(found))

    assert any(word.endswith(f"({len(found.curves.classes)} classes in grey)") for word in told)
    assert not any(word.startswith("class ") for word in told)


def test_costs_are_written_beside_their_bars(tmp_path: Path) -> None:
    found = make_evaluation(tmp_path, ["cat", "dog"]).found
    told = words(errors_chart(found))

    assert f"{found.errors[0].cost:.3f}   ({found.errors[0].count} counted)" in told


def test_without_detections_or_labels_there_are_still_charts(tmp_path: Path) -> None:
    found = nothing(tmp_path, ["cat"]).found

    assert "detections by score" in words(calibration_chart(found))
    assert "missed" in words(errors_chart(found))
    assert words(curves_chart(found))
