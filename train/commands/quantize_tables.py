"""What quantizing gained and cost, as tables on a terminal."""

from pathlib import Path

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from train.quantize.options import Outcome
from train.quantize.scoring import POINTS, Comparison, images_per_s

_MANY = 20


def print_outcome(console: Console, outcome: Outcome, out: Path) -> None:
    """Print AP and speed of both models on each backend, by class, size, and layers in float."""
    console.print(_backends(outcome))
    if len(outcome.comparisons[0].int8.per_class) > 1:
        console.print(_classes(max(outcome.comparisons, key=lambda one: one.drop_points)))
    for line in _lines(outcome, out):
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def _backends(outcome: Outcome) -> Table:
    one = outcome.comparisons[0].int8
    table = Table(
        box=SIMPLE,
        caption=f"{one.images} held-out pictures, {one.labels} objects; images/s of the backend "
        f"alone, {one.threads} threads, {one.machine}",
    )
    table.add_column("backend")
    for heading in ("AP@50:95", "INT8", "points", "AP@50", "INT8", "images/s", "INT8"):
        table.add_column(heading, justify="right")
    for each in outcome.comparisons:
        table.add_row(
            each.backend,
            f"{each.fp32.ap:.4f}",
            f"{each.int8.ap:.4f}",
            f"{-each.drop_points:+.2f}",
            f"{each.fp32.ap50:.4f}",
            f"{each.int8.ap50:.4f}",
            f"{images_per_s(each.fp32):.1f}",
            f"{images_per_s(each.int8):.1f}",
        )
    return table


def _classes(one: Comparison) -> Table:
    """The classes that lose most first."""
    table = Table(box=SIMPLE, caption=f"on {one.backend}")
    for heading in ("class", "objects", "AP@50:95", "INT8", "points"):
        table.add_column(heading, justify="left" if heading == "class" else "right")
    ints = {each.name: each for each in one.int8.per_class}
    pairs = [(each, ints[each.name]) for each in one.fp32.per_class if each.name in ints]
    pairs.sort(key=lambda pair: pair[1].ap - pair[0].ap)
    for before, after in pairs[:_MANY]:
        change = f"{POINTS * (after.ap - before.ap):+.2f}"
        row = (before.name, str(before.labels), f"{before.ap:.4f}", f"{after.ap:.4f}", change)
        table.add_row(*row)
    if len(pairs) > _MANY:
        table.add_row(f"… {len(pairs) - _MANY} more: report.json")
    return table


def _lines(outcome: Outcome, out: Path) -> list[str]:
    table, manifest = outcome.table, outcome.bundle.manifest
    by_reason: dict[str, list[str]] = {}
    for name, reason in table.left_in_float.items():
        by_reason.setdefault(reason, []).append(name)
    facts = ", ".join(f"{key} {value}" for key, value in table.facts.items() if key != "data_id")
    size_mb = outcome.bundle.model_path.stat().st_size / 1e6
    return [
        f"scales: {table.method}, {facts}",
        f"{len(table.inputs)} convolutions in INT8, {len(table.left_in_float)} in float:",
        *(f"  {', '.join(names)}: {reason}" for reason, names in by_reason.items()),
        (
            f"{out}: {manifest.name} version {manifest.version}, INT8, "
            f"model.onnx {size_mb:.1f} MB, sha256 {outcome.bundle.digest[:12]}"
        ),
    ]
