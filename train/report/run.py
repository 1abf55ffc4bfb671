"""The page of a training run: how it went, how good it became, on what data, how to repeat it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from train.config import Recipe
from train.engine.plan import RunPlan, Scores
from train.engine.run_folder import EpochResult, RunFolder
from train.evaluate import Assessment, EvaluationReport, PictureResult
from train.model.head import AnchorsPx
from train.report.evaluation import conditions, evaluation_values
from train.report.label_charts import LabelStatistics, labels_chart
from train.report.page import render_page, write_page
from train.report.run_charts import run_chart


@dataclass(frozen=True, slots=True, eq=False)
class RunSummary:
    """What is known at the end of a run.

    `scores`, `found` and `results` are those of best.pt on val; `labels` by split.
    """

    rows: Sequence[EpochResult]
    scores: EvaluationReport
    found: Assessment
    results: Sequence[PictureResult]
    labels: Mapping[str, LabelStatistics]
    anchors_px: AnchorsPx


@dataclass(frozen=True, slots=True)
class RecipeRow:
    """A value of the recipe; `default` where it was left as it is."""

    name: str
    value: str
    default: str
    changed: bool


def write_report(folder: RunFolder, plan: RunPlan, run: RunSummary) -> None:
    """Write `report.html`.

    Raises:
        DataError: If a picture cannot be read, or the page not be written.
    """
    best = best_epoch(run.rows)
    speeds = sorted(row.images_per_s for row in run.rows)
    values = {
        "title": f"Training run {folder.folder.resolve().name}",
        "plan": plan,
        "rows": run.rows,
        "best": best,
        "median_speed": speeds[len(speeds) // 2],
        "curves_of_run": run_chart(run.rows, None if best is None else best.epoch),
        "labels": run.labels,
        "labels_image": labels_chart(run.labels, plan.class_names, run.anchors_px),
        "recipe": recipe_rows(plan.recipe),
        "conditions": conditions(run.scores),
        "facts": _facts(plan),
    }
    values |= evaluation_values(run.scores, run.found, run.results)
    write_page(folder.report, render_page("run.html.j2", values))


def best_epoch(rows: Sequence[EpochResult]) -> EpochResult | None:
    """The first epoch of the best fitness, which best.pt holds; None if none was scored."""
    scored = [row for row in rows if row.ap is not None]
    return max(scored, key=lambda r: Scores(r.ap50 or 0.0, r.ap or 0.0).fitness, default=None)


def recipe_rows(recipe: Recipe) -> list[RecipeRow]:
    """Every value of a recipe, those that differ from the defaults first."""
    defaults = Recipe().model_dump()
    rows = [
        RecipeRow(name, str(value), str(defaults[name]), value != defaults[name])
        for name, value in recipe.model_dump().items()
    ]
    return sorted(rows, key=lambda row: not row.changed)


def _facts(plan: RunPlan) -> dict[str, str]:
    """What is needed to repeat the run, without what says nothing."""
    facts = {
        name.replace("_", " "): str(value)
        for name, value in plan.facts.items()
        if not isinstance(value, Mapping)  # for programs, as a table of scales
    }
    facts |= {
        "epochs": str(plan.epochs),
        "image size": str(plan.image_size),
        "batch size": str(plan.batch_size),
        "seed": str(plan.seed),
    }
    first = {"command": facts.pop("command", "")}
    return {name: value for name, value in (first | facts).items() if value}
