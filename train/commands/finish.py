"""The end of a training run: best.pt scored once more, in full, and the report."""

from collections.abc import Sequence

from rich.console import Console

from train.data.dataset import Sample
from train.engine.plan import RunPlan
from train.engine.run_folder import EpochResult, RunFolder
from train.evaluate import PictureResult, TorchPredictor, assess, evaluate
from train.quantize.trained import load_as_scored
from train.report import RunSummary, write_report
from train.report.label_charts import label_statistics


def finish_run(  # noqa: PLR0913 - what a run has at its end
    console: Console,
    folder: RunFolder,
    plan: RunPlan,
    rows: Sequence[EpochResult],
    splits: dict[str, list[Sample]],
    device: str,
) -> None:
    """Score `best.pt` on val with everything that the report shows, and write `report.html`.

    Args:
        console: Where to say what was found.
        folder: The run's folder.
        plan: What was trained.
        rows: The results of all epochs.
        splits: Pictures by split; `val` is among them.
        device: Where to compute.

    Raises:
        DataError: If a picture cannot be read, or the report not be written.
        ModelError: If best.pt cannot be read.
    """
    model, _ = load_as_scored(folder.best)
    names, size = plan.class_names, plan.image_size
    results: list[PictureResult] = []
    predictor = TorchPredictor(model.to(device), (size, size))
    scores = evaluate(predictor, splits["val"], names, on_picture=results.append)
    found = assess(results, names, scores.max_detections)
    labels = {split: label_statistics(each, len(names), size) for split, each in splits.items()}
    write_report(folder, plan, RunSummary(rows, scores, found, results, labels, model.anchors_px))
    ap50, ap = found.scores("coco")
    console.print(
        f"best: AP@50 {ap50:.4f}, AP@50:95 {ap:.4f} on val; {folder.best}, report {folder.report}",
        markup=False,
        soft_wrap=True,
    )
