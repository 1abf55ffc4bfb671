"""`edgedet bench`: the order of measurements, and who gets their result."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from edgedet.clock import SystemClock
from edgedet.commands.bench.bare import measure_bare
from edgedet.commands.bench.capacity import judge, limiter, sources_for
from edgedet.commands.bench.feed import Feed, measure_source
from edgedet.commands.bench.figures import Answer, Findings, Row, TrtexecFigures
from edgedet.commands.bench.plan import BenchRequest, Plan, make_plan
from edgedet.commands.bench.report import print_findings, to_json
from edgedet.commands.bench.trtexec import find_trtexec, measure_trtexec
from edgedet.commands.bench.whole import Load, measure_whole, try_cameras
from edgedet.detect.cores import is_overloaded, usable_cores
from edgedet.errors import ModelError
from edgedet.machine import machine_name

logger = logging.getLogger(__name__)

_SOURCE_SHARE = 0.3  # of the seconds, for decoding and again for painting
BUSY = (
    "other programs want more cores than there are: the figures are those of a busy machine; "
    "end the programs and measure again"
)
Say = Callable[[str], None]


def bench(request: BenchRequest) -> int:
    """Measure, and print what was found; the exit code.

    Raises:
        UsageError: If the request makes no sense.
        ModelError: If the bundle or a backend that was asked for cannot be used.
        SourceError: If the source cannot be read.
    """
    plan = make_plan(request)
    with _quiet(), _progress() as say:
        findings = _measure(plan, say)
    if request.as_json:
        typer.echo(to_json(findings))
    else:
        print_findings(Console(), findings)
    return 0


def _measure(plan: Plan, say: Say) -> Findings:
    bundle, manifest = plan.bundle, plan.bundle.manifest
    say("the source alone")
    seconds = _SOURCE_SHARE * plan.seconds
    feed = measure_source(plan.source, bundle.input_hw, seconds, SystemClock())
    rows: list[Row] = []
    skipped: dict[str, str] = {}
    for backend in plan.backends:
        found = _rows(plan, backend, feed, say)
        if isinstance(found, ModelError):
            skipped[backend] = str(found)
        else:
            rows += found
    if not rows:
        msg = f"no backend runs '{bundle.folder}' here: {'; '.join(skipped.values())}"
        raise ModelError(msg)
    rows, notes = _beside_trtexec(plan, rows, say)
    if is_overloaded():
        notes.append(BUSY)
    best = max(rows, key=lambda row: row.whole.images_per_s)
    return Findings(
        model=f"{manifest.name} {manifest.version}",
        precision=manifest.precision,
        input_hw=bundle.input_hw,
        machine=machine_name(),
        cores=usable_cores(),
        source=plan.source.uri,
        cost=feed.cost,
        rows=rows,
        best=best,
        skipped=skipped,
        answer=_answer(plan, best, say),
        notes=notes,
    )


def _rows(plan: Plan, backend: str, feed: Feed, say: Say) -> list[Row] | ModelError:
    """All batch sizes on a backend; its error, if it was not asked for by name.

    Bare and whole are measured one right after the other, so that both see the same machine.
    """
    rows = []
    model = plan.model(backend)
    try:
        for batch in plan.batches:
            say(f"{backend}, batch {batch}, alone")
            load = Load(model, plan.source, batch, plan.state_dir)
            bare = measure_bare(plan.bundle, load, feed, plan.seconds)
            say(f"{backend}, batch {batch}, the whole pipeline")
            sources = sources_for(bare, feed.cost)
            whole = measure_whole(load, sources, plan.seconds)
            limit = limiter(whole, bare, feed.cost)
            rows.append(Row(backend, batch, bare, whole, sources, limit))
    except ModelError as exc:
        if plan.is_strict:
            raise
        logger.warning("%s is left out: %s", backend, exc)
        return exc
    return rows


def _answer(plan: Plan, row: Row, say: Say) -> Answer | None:
    """Try what was asked, on the backend and batch size that were fastest."""
    question = plan.question
    if question is None:
        return None
    say(f"{question.cameras} cameras at {question.fps:g} images/s on {row.backend}")
    load = Load(plan.model(row.backend), plan.source, row.batch, plan.state_dir)
    return judge(question, row, try_cameras(load, question, plan.seconds))


def _beside_trtexec(plan: Plan, rows: list[Row], say: Say) -> tuple[list[Row], list[str]]:
    """The rows with trtexec's figures where it is; and why not, if it fails."""
    program = find_trtexec()
    if program is None or not any(row.backend == "tensorrt" for row in rows):
        return rows, []
    notes: list[str] = []
    done: list[Row] = []
    for row in rows:
        figures: TrtexecFigures | None = None
        if row.backend == "tensorrt" and not notes:
            say(f"trtexec, batch {row.batch}")
            try:
                figures = measure_trtexec(
                    program, plan.bundle, row.batch, plan.seconds, row.bare.engine
                )
            except ModelError as exc:
                notes.append(str(exc))
        done.append(replace(row, trtexec=figures))
    return done, notes


@contextmanager
def _quiet() -> Iterator[None]:
    """Keeps what every start of a pipeline logs out of sight, unless more was asked for."""
    ours = logging.getLogger("edgedet")
    level = ours.level
    if ours.getEffectiveLevel() == logging.INFO:
        ours.setLevel(logging.WARNING)
    try:
        yield
    finally:
        ours.setLevel(level)


@contextmanager
def _progress() -> Iterator[Say]:
    """Says on a terminal's standard error what is being measured."""
    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task("bench")
        yield lambda text: bar.update(task, description=text)
