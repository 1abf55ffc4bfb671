"""The part of a page that says how good a model is."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from train.evaluate import Assessment, EvaluationReport, PictureResult
from train.report.gallery import make_gallery
from train.report.matrix_chart import matrix_chart, matrix_width_px, worst_confusions
from train.report.page import render_page, write_page
from train.report.score_charts import calibration_chart, curves_chart, errors_chart

ERROR_WORDS = {
    "missed": "an object that nothing was found for",
    "doubled": "a second detection of an object that was found already",
    "misplaced": "the right class, but the box is off: IoU from 0.1 to 0.5",
    "confused": "the box is right, the class is not",
    "both": "box and class are off, though it touches an object",
    "background": "a detection where no object is",
}


def write_evaluation(
    path: Path,
    scores: EvaluationReport,
    found: Assessment,
    results: Sequence[PictureResult],
    facts: Mapping[str, str],
) -> None:
    """Write the page of one evaluation.

    Args:
        path: The HTML file.
        scores: AP, speed and the conditions.
        found: Everything else.
        results: All pictures, for the worst ones.
        facts: What was scored on what, as name and value.

    Raises:
        DataError: If a picture cannot be read, or the page not be written.
    """
    values = evaluation_values(scores, found, results)
    title = f"Evaluation of {facts.get('weights', 'a model')}"
    facts = dict(facts) | conditions(scores)
    write_page(path, render_page("evaluation.html.j2", {**values, "title": title, "facts": facts}))


def evaluation_values(
    scores: EvaluationReport, found: Assessment, results: Sequence[PictureResult]
) -> dict[str, object]:
    """What the templates need to know."""
    details = {one.name: one for one in scores.per_class}
    return {
        "scores": scores,
        "found": found,
        "details": details,
        "classes": sorted(found.by_class, key=lambda one: -one.labels),
        "gallery": make_gallery(results, found.best_score, found.class_names),
        "error_words": ERROR_WORDS,
        "confusions": worst_confusions(found.confusion, found.class_names),
        "curves": curves_chart(found),
        "matrix": matrix_chart(found.confusion, found.class_names),
        "matrix_width_px": matrix_width_px(len(found.class_names)),
        "costs": errors_chart(found),
        "reliability": calibration_chart(found),
    }


def conditions(scores: EvaluationReport) -> dict[str, str]:
    """Under which conditions the scores were taken."""
    height, width = scores.input_hw
    shapes = {
        "fixed": f"{width} x {height} px, letterboxed as on the device",
        "rect": f"rectangles around {width} px, as in the original's validation",
    }
    return {
        "pictures": f"{scores.images} with {scores.labels} objects",
        "input": shapes[scores.shape],
        "NMS": f"IoU {scores.iou_threshold}, at most {scores.max_detections} detections",
        "score threshold": f"{scores.score_threshold} for AP",
        "backend": f"{scores.backend}, {scores.threads} threads",
        "machine": scores.machine,
    }
