"""`train check`: a data set audited before anyone trains on it."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from edgedet.errors import DataError, UsageError
from train.commands.options import checked_size
from train.data.audit import Audit, apply_fixes, audit, plan_fixes, write_page

_STYLES = {"problem": "red", "warning": "yellow", "note": "dim"}
_PROBLEMS = 1
_SHOWN = 3


def check(  # noqa: PLR0913 - the options of the command
    data: Annotated[Path, typer.Argument(help="data.yaml of the set.", metavar="DATA")],
    image_size: Annotated[
        int, typer.Option(min=32, help="Side of the input in training, pixels: what is tiny.")
    ] = 640,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write everything found to a file; -: print it.")
    ] = None,
    report: Annotated[
        Path | None, typer.Option(help="Write an HTML page with pictures to this file.")
    ] = None,
    fix: Annotated[
        bool,
        typer.Option("--fix", help="Mend what can be mended safely; all of it is in fixes.json."),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="With --fix: only say what would be done.")
    ] = False,
) -> None:
    """Audit a data set: broken files, impossible labels, leaks between splits, odd boxes, balance.

    Exit code 0: nothing wrong, perhaps warnings; 1: problems; 2: wrong usage.

    Example: python -m train check data/pets09/data.yaml --image-size 416 --report check.html
    """
    checked_size(image_size)
    if dry_run and not fix:
        msg = "--dry-run says what --fix would do; give both"
        raise UsageError(msg)
    console = Console(stderr=True)
    found = _audit(console, data, image_size)
    if fix:
        found = _mend(console, found, dry_run=dry_run)
    print_audit(console, found)
    if report is not None:
        write_page(found, report)
        console.print(f"report: {report}", markup=False, highlight=False, soft_wrap=True)
    if json_file is not None:
        _write_json(found, json_file)
    if found.has_problems:
        raise typer.Exit(_PROBLEMS)


def _audit(console: Console, data: Path, image_size: int) -> Audit:
    with Progress(console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task("pictures", total=None)
        return audit(
            data, image_size, lambda done, total: bar.update(task, completed=done, total=total)
        )


def _mend(console: Console, found: Audit, *, dry_run: bool) -> Audit:
    """The audit after the fixes; the one before them if nothing was changed."""
    fixes, left = plan_fixes(found)
    for each in fixes:
        text = f"{'would ' if dry_run else ''}{each}"
        console.print(text, markup=False, highlight=False, soft_wrap=True)
    for line in left:
        console.print(f"left as it is: {line}", markup=False, highlight=False, soft_wrap=True)
    if not fixes:
        console.print("nothing that can be mended safely")
    if dry_run or not fixes:
        return found
    journal = apply_fixes(found, fixes)
    text = f"{len(fixes)} fixes, written down in {journal}; what is left:"
    console.print(text, markup=False, highlight=False, soft_wrap=True)
    return _audit(console, found.description.path, found.image_size)


def print_audit(console: Console, found: Audit) -> None:
    """What an audit found, as tables and a last line."""
    names = found.description.class_names
    splits = Table(box=None, pad_edge=False)
    for title in ("split", "pictures", "objects", "without objects", "without label file"):
        splits.add_column(title, justify="left" if title == "split" else "right")
    for each in found.counts:
        numbers = (each.pictures, sum(each.objects), each.without_objects, each.without_file)
        splits.add_row(each.split, *map(str, numbers))
    console.print(splits)
    if len(names) > 1:
        console.print(_classes(found))
    if found.findings:
        console.print()
        console.print(_findings(found))
    problems = sum(len(f.places) for f in found.findings if f.severity == "problem")
    verdict = _problems(problems)
    line = f"{found.description.path}: {verdict}" + (
        f"; id {found.data_id[:12]}" if found.data_id else ""
    )
    console.print(line, markup=False, highlight=False, soft_wrap=True)


def _problems(count: int) -> str:
    if count == 0:
        return "no problems"
    them = "1 problem: mend it" if count == 1 else f"{count} problems: mend them"
    return f"{them} before training"


def _classes(found: Audit) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("class")
    for each in found.counts:
        table.add_column(f"objects in {each.split}", justify="right")
    for number, name in enumerate(found.description.class_names):
        table.add_row(f"{number} {name}", *(str(each.objects[number]) for each in found.counts))
    return table


def _findings(found: Audit) -> Table:
    root = f"{found.description.path.parent}/"
    table = Table(box=None, pad_edge=False)
    table.add_column("")
    table.add_column("how many", justify="right")
    table.add_column("what, and the first of them", overflow="fold")
    for each in found.findings:
        first = [str(place).replace(root, "") for place in each.places[:_SHOWN]]
        text = "\n".join([each.title, *(f"  {line}" for line in first)])
        style = _STYLES[each.severity]
        table.add_row(each.severity, str(len(each.places)), _plain(text), style=style)
    return table


def _plain(text: str) -> str:
    """Without what rich would take for markup; names that are no text are escaped."""
    safe = text.encode("utf-8", "backslashreplace").decode("utf-8")
    return safe.replace("[", r"\[")


def _write_json(found: Audit, file: Path) -> None:
    text = json.dumps(found.to_json(), indent=2)
    if str(file) == "-":
        typer.echo(text)
        return
    try:
        file.write_text(text + "\n", encoding="utf-8")
    except OSError as exc:
        msg = f"cannot write {file}: {exc.strerror}"
        raise DataError(msg) from exc
