"""`edgedet build-engine`: a bundle's TensorRT engine, built on the GPU that will run it."""

import contextlib
import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table

from edgedet.config.batch import BatchSettings
from edgedet.config.cache import SERVICE_STATE_DIR, user_cache_dir
from edgedet.config.load import load_settings
from edgedet.detect import store_in
from edgedet.detect.engine import (
    BatchProfile,
    BuildSettings,
    BuiltEngine,
    EngineRequest,
    Measured,
    PrecisionChoice,
    Sidecar,
    build_engine,
    passes,
)
from edgedet.detect.engine import Progress as ProgressTold
from edgedet.errors import UsageError
from edgedet.manifest import read_bundle

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class BuildEngineRequest:
    """What the command line asks for; None: from the configuration, or the default."""

    bundle: Path | None
    config: Path | None = None
    state_dir: Path | None = None
    batches: tuple[int | None, int | None, int | None] = (None, None, None)
    precision: PrecisionChoice = "auto"
    workspace_mib: int = 1024
    optimization_level: int | None = None
    dla_core: int | None = None
    rebuilds: bool = False
    as_json: bool = False


def run(request: BuildEngineRequest) -> int:
    """Build, and say what was kept; the exit code.

    Raises:
        UsageError: If no bundle is named, or the batch sizes make no sense.
        ConfigError: If the configuration is wrong.
        ModelError: If the engine cannot be built.
    """
    bundle, state_dir, max_batch = _place(request)
    build = BuildSettings(
        _profile(request.batches, max_batch),
        request.workspace_mib,
        request.optimization_level,
        request.dla_core,
    )
    order = EngineRequest(build, request.precision, request.rebuilds)
    with _progress() as progress:
        built = build_engine(
            read_bundle(bundle), order, store_in(state_dir).folders, progress=progress
        )
    if request.as_json:
        typer.echo(_json(built))
    else:
        _show(built)
    return 0


def _place(request: BuildEngineRequest) -> tuple[Path, Path, int]:
    """Bundle, state directory and largest batch, those of the configuration if there is one.

    Without one the engine goes into the user's cache, where `edgedet detect` keeps its things too.
    """
    settings = None if request.config is None else load_settings(request.config).settings
    bundle = request.bundle
    state_dir = user_cache_dir() or SERVICE_STATE_DIR
    max_batch = BatchSettings().max_size
    if settings is not None:
        bundle = bundle or settings.model.bundle
        state_dir, max_batch = settings.state_dir, settings.batch.max_size
    if bundle is None:
        msg = "build-engine: BUNDLE is missing; expected a bundle's folder, or --config"
        raise UsageError(msg)
    return bundle, request.state_dir or state_dir, max_batch


def _profile(batches: tuple[int | None, int | None, int | None], max_batch: int) -> BatchProfile:
    """Sizes that were not given: 1, half of the largest, and what the configuration says.

    Half, because a full batch then goes through in two parts: one is copied while the other is
    computed.
    """
    smallest, best, largest = batches
    largest = largest or max(max_batch, best or 1)
    best = best or -(-largest // 2)
    smallest = smallest or 1
    if not smallest <= best <= largest:
        msg = (
            f"build-engine: batches of {smallest}, {best}, {largest} are out of order; expected "
            "--min-batch <= --opt-batch <= --max-batch"
        )
        raise UsageError(msg)
    return BatchProfile(smallest, best, largest)


@contextlib.contextmanager
def _progress() -> Iterator[ProgressTold | None]:
    """A bar for each phase that TensorRT tells of, on standard error, if that is a terminal."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield None
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bars:
        tasks: dict[str, TaskID] = {}

        def told(phase: str, done: int, steps: int) -> None:
            if phase not in tasks:
                tasks[phase] = bars.add_task(phase, total=steps)
            bars.update(tasks[phase], completed=done, total=steps)

        yield told


def _json(built: BuiltEngine) -> str:
    sidecar = built.stored.sidecar.model_dump(mode="json", by_alias=True)
    content = {"path": str(built.stored.path), "is_new": built.is_new, "engine": sidecar}
    return json.dumps(content, indent=2)


def _show(built: BuiltEngine) -> None:
    sidecar, console = built.stored.sidecar, Console(soft_wrap=True)
    if not built.is_new:
        console.print(f"{built.stored.path} is up to date; --force builds it anew", markup=False)
        return
    console.print(_table(sidecar))
    for each in sidecar.measured:
        if each.reason is not None:
            console.print(f"{each.precision} failed: {each.reason}", markup=False)
    console.print(
        f"{built.stored.path}: {sidecar.precision}, batches of {sidecar.batch_profile}, "
        f"{sidecar.engine_bytes / 1e6:.1f} MB, built in {sidecar.build_s:.0f} s; "
        f"for {sidecar.device} with TensorRT {sidecar.tensorrt} only",
        markup=False,
    )


def _table(sidecar: Sidecar) -> Table:
    table = Table(title="tried on this device", title_justify="left")
    table.add_column("precision")
    for title in ("images/s", "ms for one", "matched", "px off", "score off"):
        table.add_column(title, justify="right")
    table.add_column("verdict")
    for each in sidecar.measured:
        table.add_row(each.precision, *_figures(each), _verdict(each, sidecar))
    return table


def _figures(each: Measured) -> tuple[str, ...]:
    matched = "-"
    if each.strays is not None and each.compared is not None:
        matched = f"{each.compared - each.strays}/{each.compared}"
    return (
        _text(each.images_per_s, "{:.1f}"),
        _text(each.latency_ms, "{:.2f}"),
        matched,
        _text(each.box_px, "{:.2f}"),
        _text(each.score, "{:.4f}"),
    )


def _text(value: float | None, form: str) -> str:
    return "-" if value is None else form.format(value)


def _verdict(each: Measured, sidecar: Sidecar) -> str:
    if each.precision == sidecar.precision:
        return "kept"
    if each.reason is not None:
        return "failed"
    return "slower" if passes(each) else "wrong"
