"""What a bench found, as tables for a person and as JSON for a program."""

import json
from dataclasses import asdict

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from edgedet.commands.bench.capacity import USUAL_FPS, cameras_at
from edgedet.commands.bench.figures import Answer, Findings, Row, Whole
from edgedet.stream.stats import Percentiles, Stage

SCHEMA = "edgedet.bench/1"
_SHOWN = (Stage.WAIT, Stage.QUEUE, Stage.PAINT, Stage.INFER, Stage.POST)


def to_json(findings: Findings) -> str:
    """Everything, as one JSON object."""
    best = findings.best
    content: dict[str, object] = {
        "schema": SCHEMA,
        "model": findings.model,
        "precision": findings.precision,
        "input_hw": list(findings.input_hw),
        "machine": findings.machine,
        "cores": findings.cores,
        "source": asdict(findings.cost) | {"uri": findings.source},
        "rows": [_row_json(row) for row in findings.rows],
        "skipped": findings.skipped,
        "notes": list(findings.notes),
        "best": {"backend": best.backend, "batch": best.batch, "limiter": best.limiter},
        "cameras": {str(fps): cameras_at(best.whole.images_per_s, fps) for fps in USUAL_FPS},
        "answer": None if findings.answer is None else _answer_json(findings.answer),
    }
    return json.dumps(_rounded(content), indent=2)


def print_findings(console: Console, findings: Findings) -> None:
    """The tables, and what they mean."""
    height, width = findings.input_hw
    cost = findings.cost
    console.print(
        f"{findings.model} ({findings.precision}, {height} x {width}) on {findings.machine}, "
        f"{findings.cores} cores",
        soft_wrap=True,
    )
    console.print(
        f"{findings.source}, {cost.width} x {cost.height} by {cost.decoder}: decode "
        f"{cost.decode_ms:.2f} ms a picture ({cost.decode_cpu_ms:.2f} ms of processor time), "
        f"paint {cost.paint.p50_ms:.2f}/{cost.paint.p99_ms:.2f} ms, each alone",
        soft_wrap=True,
    )
    console.print(_rates(findings))
    console.print(_stages(findings))
    for backend, reason in findings.skipped.items():
        console.print(f"{backend} was left out: {reason}", soft_wrap=True, markup=False)
    for note in findings.notes:
        console.print(note, soft_wrap=True, markup=False)
    _print_cameras(console, findings)


def _rates(findings: Findings) -> Table:
    table = _table("images/s, and milliseconds of a batch in the backend alone")
    for heading in ("backend", "batch"):
        table.add_column(heading, no_wrap=True)
    for heading in ("alone", "p50 ms", "p99 ms", "pipeline", "of alone", "sources", "limiter"):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in findings.rows:
        table.add_row(
            row.backend,
            str(row.batch),
            f"{row.bare.images_per_s:.1f}",
            f"{row.bare.run.p50_ms:.1f}",
            f"{row.bare.run.p99_ms:.1f}",
            f"{row.whole.images_per_s:.1f}",
            f"{row.whole.images_per_s / row.bare.images_per_s:.2f}",
            str(row.sources),
            row.limiter,
        )
        if row.trtexec is not None:
            beside = row.trtexec
            share = beside.images_per_s / row.bare.images_per_s
            rate, p50_ms, p99_ms = beside.images_per_s, beside.p50_ms, beside.p99_ms
            figures = (f"{rate:.1f}", f"{p50_ms:.1f}", f"{p99_ms:.1f}", "", f"{share:.2f}", "", "")
            table.add_row("  trtexec", str(row.batch), *figures)
    return table


def _stages(findings: Findings) -> Table:
    table = _table("the pipeline at full speed, ms p50/p99; wait and queue: for a free backend")
    for heading in ("backend", "batch"):
        table.add_column(heading, no_wrap=True)
    for heading in ("mean", *(stage.value for stage in _SHOWN), "busy", "cores"):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in findings.rows:
        table.add_row(
            row.backend,
            str(row.batch),
            f"{row.whole.mean_batch:.1f}",
            *(_pair(row.whole.stages[stage]) for stage in _SHOWN),
            f"{row.whole.busy:.0%}",
            f"{row.whole.cpu:.0%}",
        )
    return table


def _print_cameras(console: Console, findings: Findings) -> None:
    best, answer = findings.best, findings.answer
    if answer is None:
        told = ", ".join(
            f"{cameras_at(best.whole.images_per_s, fps)} at {fps}" for fps in USUAL_FPS
        )
        console.print(
            f"cameras on {best.backend}, batch {best.batch}, with a tenth to spare: {told} "
            f"images/s each; --cameras N --fps F --latency L tries it. "
            f"Limiter: {best.limiter}",
            soft_wrap=True,
        )
        return
    question = answer.question
    total = answer.whole.stages[Stage.TOTAL]
    verdict = "yes" if answer.holds else f"no: {answer.reason}"
    console.print(
        f"{question.cameras} cameras at {question.fps:g} images/s within "
        f"{question.latency_ms:g} ms on {answer.backend}, batch {answer.batch}: {verdict}",
        soft_wrap=True,
        markup=False,
    )
    console.print(
        f"tried: {answer.whole.images_per_s:.1f} of {answer.offered_fps:.1f} images/s detected, "
        f"latency {total.p50_ms:.0f}/{total.p99_ms:.0f} ms p50/p99, "
        f"backend busy {answer.whole.busy:.0%}, cores {answer.whole.cpu:.0%}",
        soft_wrap=True,
    )


def _table(title: str) -> Table:
    return Table(title=title, title_justify="left", box=SIMPLE_HEAD, padding=0)


def _pair(times: Percentiles) -> str:
    return f"{_short(times.p50_ms)}/{_short(times.p99_ms)}"


def _short(value: float) -> str:
    return f"{value:.1f}" if value < 10.0 else f"{value:.0f}"


def _rounded(value: object) -> object:
    """The same with numbers as exact as they were measured."""
    if isinstance(value, float):
        return round(value, 3)
    if isinstance(value, dict):
        return {key: _rounded(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(each) for each in value]
    return value


def _whole_json(whole: Whole) -> dict[str, object]:
    content = asdict(whole)
    content["stages"] = {stage.value: asdict(times) for stage, times in whole.stages.items()}
    return content


def _row_json(row: Row) -> dict[str, object]:
    engine = row.bare.engine
    bare = asdict(row.bare) | {"engine": None if engine is None else str(engine)}
    return asdict(row) | {"bare": bare, "whole": _whole_json(row.whole)}


def _answer_json(answer: Answer) -> dict[str, object]:
    return asdict(answer) | {"whole": _whole_json(answer.whole), "holds": answer.holds}
