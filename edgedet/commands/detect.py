"""`edgedet detect`: every frame of a finite source, in order, one JSON object a line."""

import contextlib
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
from pydantic import ValidationError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from edgedet.app import Application
from edgedet.commands.session import Show, run_to_end
from edgedet.config.cache import user_cache_dir
from edgedet.config.model import BackendName, ModelSettings
from edgedet.config.mqtt import OFF, MqttSettings
from edgedet.config.objects import TrackSettings
from edgedet.config.problems import path_text, problems_of
from edgedet.config.settings import Settings
from edgedet.config.source import SourceSettings
from edgedet.errors import UsageError
from edgedet.paths import problem_of_file, problem_of_folder
from edgedet.source.uri import parse_uri
from edgedet.stream.feeder import Outcome
from edgedet.stream.view import Snapshot

logger = logging.getLogger(__name__)

_STANDARD_OUTPUT = Path("/dev/stdout")
_REFRESH_S = 0.2
_FINITE_SCHEMES = {"file", "test"}


@dataclass(frozen=True, slots=True)
class DetectRequest:
    """What the command line asks for. `out` is a path, or `-` for standard output."""

    bundle: Path
    source: str
    out: str
    score_threshold: float | None = None
    iou_threshold: float | None = None
    backend: BackendName = "auto"
    remeasures: bool = False
    """Let `backend: auto` measure, whatever it remembers."""
    tracks: bool = False
    """Follow the objects from frame to frame."""


def detect(request: DetectRequest) -> int:
    """Detect every frame and write the results; the exit code.

    Raises:
        UsageError: if the source has no end, or there is no such file.
    """
    settings = _settings(request)
    app = Application(settings, appends_jsonl=request.out == "-", remeasures=request.remeasures)
    with _progress(settings.sources[0]) as show:
        code = run_to_end(app, show=show, refresh_s=_REFRESH_S)
    snapshot = app.snapshot()
    logger.info("%d frames detected in %.1f s", snapshot.frames, snapshot.uptime_s)
    return code or _is_cut_short(snapshot)


def _is_cut_short(snapshot: Snapshot) -> int:
    """1 if a signal ended it before the last frame: half a result must not pass for a whole."""
    source = snapshot.sources[0]
    if source.outcome is Outcome.ENDED and snapshot.frames == source.decoded:
        return 0
    logger.error("interrupted: the output ends after frame %d", snapshot.frames - 1)
    return 1


def _settings(request: DetectRequest) -> Settings:
    if what := problem_of_folder(request.bundle):
        msg = f"--bundle: '{request.bundle}' {what}; expected a model bundle, a folder"
        raise UsageError(msg)
    uri = request.source
    if "://" not in uri:
        uri = Path(uri).absolute().as_uri()
    scheme = uri.partition("://")[0]
    if scheme not in _FINITE_SCHEMES:
        msg = f"--source: '{scheme}://…' is not a source with an end; expected a video file"
        raise UsageError(msg)
    try:
        source = SourceSettings(
            id=_source_id(uri),
            uri=uri,
            realtime=False,
            track=TrackSettings(enabled=request.tracks),
        )
        settings = Settings(
            model=ModelSettings(
                bundle=request.bundle,
                backend=request.backend,
                score_threshold=request.score_threshold,
                iou_threshold=request.iou_threshold,
            ),
            sources=[source],
            mqtt=MqttSettings(url=OFF),
            jsonl=_STANDARD_OUTPUT if request.out == "-" else Path(request.out),
        )
    except ValidationError as exc:
        first = problems_of(exc, Settings)[0]
        msg = f"{path_text(first.path)}: {first.message}"
        raise UsageError(msg) from exc
    _check_source(source)
    cache = user_cache_dir()  # a person's command keeps nothing in the service's folder
    return settings if cache is None else settings.model_copy(update={"state_dir": cache})


def _check_source(source: SourceSettings) -> None:
    if not source.is_finite:
        msg = f"--source: '{source.uri}' has no end; expected a video file"
        raise UsageError(msg)
    address = parse_uri(source.uri)
    what = problem_of_file(Path(address.location)) if address.scheme == "file" else ""
    if what:
        msg = f"--source: '{address.location}' {what}; expected a video file"
        raise UsageError(msg)


def _source_id(uri: str) -> str:
    """A name for the source from its file's name."""
    stem = Path(parse_uri(uri).location).stem.lower()
    return re.sub(r"[^a-z0-9_-]+", "-", stem).strip("-_")[:63] or "source"


@contextlib.contextmanager
def _progress(source: SourceSettings) -> Iterator[Show]:
    """A progress bar on standard error, if that is a terminal."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda _snapshot: None
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]} frames/s"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as progress:
        task = progress.add_task(source.id, total=_frame_count(source), rate="-")

        def show(snapshot: Snapshot) -> None:
            rate = f"{snapshot.sources[0].figures.fps:.1f}"
            progress.update(task, completed=snapshot.frames, rate=rate)

        yield show


def _frame_count(source: SourceSettings) -> int | None:
    """The number of frames that the container claims to have; for the progress bar only."""
    capture = cv2.VideoCapture(parse_uri(source.uri).location)
    try:
        count = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
    finally:
        capture.release()
    return count if count > 0 else None
