"""What an evaluation found, as tables on a terminal."""

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from train.evaluate import Assessment, EvaluationReport

_MANY_CLASSES = 30


def print_scores(console: Console, scores: EvaluationReport, found: Assessment) -> None:
    """Print AP by class and size, the errors by cost, thresholds, and the conditions."""
    for line in _lines(scores, found):
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    console.print(_classes(scores, found))
    console.print(_errors(found))
    console.print(_thresholds(found))


def _lines(scores: EvaluationReport, found: Assessment) -> list[str]:
    coco, speed = found.coco, scores.speed
    height, width = scores.input_hw
    shape = f"{height}x{width} fixed" if scores.shape == "fixed" else f"{height} rectangles"
    return [
        (
            f"COCO AP (pycocotools, {coco.max_detections} detections a picture): "
            f"AP@50 {coco.ap50() or 0:.4f}  AP@75 {coco.ap75() or 0:.4f}  "
            f"AP@50:95 {coco.ap() or 0:.4f}"
        ),
        (
            f"trapezoid AP (the original YOLOv7's): AP@50 {found.trapezoid_ap50:.4f}  "
            f"AP@50:95 {found.trapezoid_ap:.4f}"
        ),
        (
            f"{scores.images} pictures, {scores.labels} objects, {shape}, "
            f"NMS IoU {scores.iou_threshold}, score > {scores.score_threshold}"
        ),
        (
            f"calibration error {found.calibration.error:.3f} (10 bins, IoU >= 0.5, score >= "
            f"{found.calibration.lowest_score})"
        ),
        (
            f"{speed.images_per_s:.1f} images/s: prepare {speed.prepare_ms:.1f} ms, network "
            f"{speed.infer_ms:.1f} ms, NMS and matching {speed.finish_ms:.1f} ms a picture; "
            f"{scores.backend}, {scores.threads} threads, {scores.machine}"
        ),
    ]


def _classes(scores: EvaluationReport, found: Assessment) -> Table:
    table = Table(
        box=SIMPLE,
        padding=(0, 1, 0, 0),
        caption=f"COCO AP; precision and recall at score {scores.best_score:.3f}, IoU 0.5; "
        "small < 32², medium < 96² px of the picture",
    )
    table.add_column("class")
    headings = (
        "objects",
        "AP@50",
        "AP@75",
        "AP@50:95",
        "small",
        "medium",
        "large",
        "prec.",
        "rec.",
    )
    for heading in headings:
        table.add_column(heading, justify="right")
    coco = found.coco
    sizes = [coco.ap(size) for size in ("small", "medium", "large")]
    overall = [coco.ap50(), coco.ap75(), coco.ap(), *sizes, scores.precision, scores.recall]
    table.add_row("all", str(scores.labels), *map(_share, overall))
    details = {one.name: (one.precision, one.recall) for one in scores.per_class}
    classes = sorted(found.by_class, key=lambda one: -one.labels)
    for one in classes[:_MANY_CLASSES]:
        sizes = [one.ap_small, one.ap_medium, one.ap_large]
        values = [one.ap50, one.ap75, one.ap, *sizes, *details[one.name]]
        table.add_row(one.name, str(one.labels), *map(_share, values))
    if len(classes) > _MANY_CLASSES:
        table.add_row(f"… {len(classes) - _MANY_CLASSES} more: --json or --report")
    return table


def _errors(found: Assessment) -> Table:
    table = Table(box=SIMPLE, caption=f"mistakes; counted from score {found.best_score:.3f} up")
    table.add_column("mistake")
    table.add_column("costs AP@50", justify="right")
    table.add_column("count", justify="right")
    for one in found.errors:
        table.add_row(one.kind, f"{one.cost:.4f}", str(one.count))
    return table


def _thresholds(found: Assessment) -> Table:
    table = Table(box=SIMPLE, caption="what a score threshold on the device gives, IoU 0.5")
    for heading in ("threshold", "precision", "recall", "F1", "false alarms a picture"):
        table.add_column(heading, justify="right")
    for one in found.operating_points:
        if round(one.threshold * 100) % 10 == 0 or one.threshold == 0.25:
            values = (one.threshold, one.precision, one.recall, one.f1)
            alarms = f"{one.false_alarms_per_picture:.2f}"
            table.add_row(*(f"{value:.2f}" for value in values), alarms)
    return table


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
