"""What to measure: the command line's words, checked before anything runs."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from edgedet.commands.bench.figures import Question
from edgedet.config.model import ModelSettings
from edgedet.config.problems import path_text, problems_of
from edgedet.config.settings import Settings
from edgedet.config.source import SourceSettings
from edgedet.detect import available_backends
from edgedet.errors import ModelError, UsageError
from edgedet.manifest import Bundle, read_bundle
from edgedet.paths import problem_of_file, problem_of_folder
from edgedet.source.uri import parse_uri

PATTERN = "test://ball?width=1280&height=720&fps=30"
_MAX_BATCH = 64
_ALL_BACKENDS = "all"


@dataclass(frozen=True, slots=True)
class BenchRequest:
    """What the command line asks for. `backends` and `batches` as typed, with commas.

    `state_dir`: where engines are; None: where a service has them.
    """

    bundle: Path
    source: str = PATTERN
    backends: str = _ALL_BACKENDS
    batches: str = "1,4,8"
    threads: int = 0
    seconds: float = 3.0
    question: Question | None = None
    state_dir: Path | None = None
    as_json: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """The same, understood. `is_strict`: the backends were asked for by name."""

    bundle: Bundle
    source: SourceSettings
    backends: Sequence[str]
    batches: Sequence[int]
    threads: int
    seconds: float
    question: Question | None
    state_dir: Path
    is_strict: bool

    def model(self, backend: str) -> ModelSettings:
        """The settings to run the model on a backend."""
        return ModelSettings.model_validate(
            {"bundle": self.bundle.folder, "backend": backend, "threads": self.threads}
        )


def make_plan(request: BenchRequest) -> Plan:
    """What `request` asks for.

    Raises:
        UsageError: If it makes no sense.
        ModelError: If the bundle cannot be used, or no backend is installed.
    """
    if what := problem_of_folder(request.bundle):
        msg = f"'{request.bundle}' {what}; expected a model bundle, a folder"
        raise UsageError(msg)
    batches = _numbers(request.batches)
    source = _source(request.source)
    return Plan(
        bundle=read_bundle(request.bundle),
        source=source,
        backends=_backends(request.backends),
        batches=batches,
        threads=request.threads,
        seconds=request.seconds,
        question=request.question,
        state_dir=request.state_dir or Path(Settings.model_fields["state_dir"].default),
        is_strict=request.backends != _ALL_BACKENDS,
    )


def _numbers(text: str) -> tuple[int, ...]:
    try:
        batches = tuple(int(part) for part in text.split(","))
    except ValueError:
        batches = ()
    if not batches or not all(1 <= batch <= _MAX_BATCH for batch in batches):
        msg = f"--batch {text}: expected numbers from 1 to {_MAX_BATCH} with commas, as in 1,4,8"
        raise UsageError(msg)
    return tuple(dict.fromkeys(batches))


def _backends(text: str) -> tuple[str, ...]:
    installed = available_backends()
    if text == _ALL_BACKENDS:
        if not installed:
            msg = "no inference backend is installed; `pip install onnxruntime`"
            raise ModelError(msg)
        return installed
    names = tuple(dict.fromkeys(text.split(",")))
    missing = [name for name in names if name not in installed]
    if missing:
        msg = (
            f"--backend {text}: '{missing[0]}' is not installed here; expected all, or some of "
            f"{','.join(installed)}"
        )
        raise UsageError(msg)
    return names


def _source(text: str) -> SourceSettings:
    """The source, read without end and as fast as it goes."""
    uri = text if "://" in text else Path(text).absolute().as_uri()
    is_file = uri.startswith("file://")
    if not is_file and not uri.startswith("test://"):
        scheme = uri.partition("://")[0]
        msg = (
            f"--source: '{scheme}://…' gives frames at its own pace, which measures nothing; "
            "record a minute of it and give the file, or leave it out for a test pattern"
        )
        raise UsageError(msg)
    try:
        source = SourceSettings(id="bench", uri=uri, realtime=False, loop=is_file)
    except ValidationError as exc:
        first = problems_of(exc, SourceSettings)[0]
        msg = f"--source: {path_text(first.path)}: {first.message}"
        raise UsageError(msg) from exc
    location = Path(parse_uri(uri).location)
    if is_file and (what := problem_of_file(location)):
        msg = f"--source: '{location}' {what}; expected a video file"
        raise UsageError(msg)
    if source.is_finite:
        msg = f"--source {uri}: a pattern with frames= ends too soon; leave it out"
        raise UsageError(msg)
    return source
