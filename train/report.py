"""The page that a run leaves behind: what was trained, how it went, on one self-contained file."""

import base64
import html
import io
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from train.engine.plan import RunPlan
from train.engine.run_folder import EpochResult, RunFolder

_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;"
    "color:#1c2530}table{border-collapse:collapse;margin:1rem 0}td,th{padding:.2rem .8rem;"
    "text-align:left;border-bottom:1px solid #dde3ea;vertical-align:top;overflow-wrap:anywhere}"
    "img{max-width:100%}h1{font-size:1.5rem}h2{font-size:1.1rem;margin-top:2rem}"
)


def write_report(folder: RunFolder, plan: RunPlan, rows: Sequence[EpochResult]) -> None:
    """Write `report.html`: figures, curves, recipe, and the facts to repeat the run by."""
    scored = [row for row in rows if row.ap is not None]
    best = max(scored, key=lambda row: row.ap or 0.0)
    summary = {
        "best epoch": f"{best.epoch + 1} of {plan.epochs}",
        "AP@50": f"{best.ap50:.4f}",
        "AP@50:95": f"{best.ap:.4f}",
        "pictures seen": str(rows[-1].images_seen),
        "images/s (median)": f"{sorted(r.images_per_s for r in rows)[len(rows) // 2]:.1f}",
        "input": f"{plan.image_size} px, batch {plan.batch_size}, seed {plan.seed}",
        "classes": ", ".join(plan.class_names),
    }
    recipe = {name: str(value) for name, value in plan.recipe.model_dump().items()}
    facts = {name: str(value) for name, value in plan.facts.items()}
    body = (
        f"<h1>Training run {html.escape(folder.folder.name)}</h1>"
        f"{_table(summary)}<h2>Curves</h2><img alt='AP, loss and speed by epoch' "
        f"src='data:image/png;base64,{_curves(rows)}'>"
        f"<h2>How to repeat it</h2>{_table(facts)}<h2>Recipe</h2>{_table(recipe)}"
    )
    page = f"<!doctype html><meta charset='utf-8'><title>edgedet run</title><style>{_STYLE}</style>"
    folder.report.write_text(page + body, encoding="utf-8")


def _table(values: dict[str, str]) -> str:
    cells = "".join(
        f"<tr><th>{html.escape(name)}</th><td>{html.escape(value)}</td></tr>"
        for name, value in values.items()
    )
    return f"<table>{cells}</table>"


def _curves(rows: Sequence[EpochResult]) -> str:
    """Three plots side by side, PNG in base64. Validation and training losses are not mixed."""
    figure = Figure(figsize=(12, 3.6), layout="constrained")
    accuracy, loss, speed = figure.subplots(1, 3)
    epochs = [row.epoch + 1 for row in rows]
    scored = [row for row in rows if row.ap is not None]
    scored_epochs = [row.epoch + 1 for row in scored]
    _plot(
        accuracy,
        "AP on val",
        scored_epochs,
        {
            "AP@50": [row.ap50 or 0.0 for row in scored],
            "AP@50:95": [row.ap or 0.0 for row in scored],
        },
    )
    _plot(
        loss,
        "training loss",
        epochs,
        {
            "box": [row.loss_box for row in rows],
            "objectness": [row.loss_obj for row in rows],
            "class": [row.loss_cls for row in rows],
        },
    )
    _plot(speed, "images/s", epochs, {"trained": [row.images_per_s for row in rows]})
    accuracy.set_ylim(0, 1)
    speed.set_ylim(bottom=0)
    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=110)
    return base64.b64encode(out.getvalue()).decode("ascii")


def _plot(axes: Axes, title: str, epochs: list[int], lines: dict[str, list[float]]) -> None:
    for name, values in lines.items():
        axes.plot(epochs, values, marker="." if len(epochs) < 40 else "", label=name)
    axes.set_title(title)
    axes.set_xlabel("epoch")
    axes.grid(alpha=0.3)
    axes.legend()
