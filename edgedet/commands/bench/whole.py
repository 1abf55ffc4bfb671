"""The whole pipeline, as `edgedet run` puts it together: at full speed, or at cameras' pace.

Messages are made and thrown away: no broker takes part.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from edgedet.app import Application
from edgedet.clock import Clock
from edgedet.commands.bench.figures import Question, Whole
from edgedet.commands.bench.paced import PacedSource
from edgedet.config.batch import BatchSettings
from edgedet.config.model import ModelSettings
from edgedet.config.mqtt import OFF, MqttSettings
from edgedet.config.settings import Settings
from edgedet.config.source import SourceSettings
from edgedet.detect.cores import usable_cores
from edgedet.errors import EdgedetError, ModelError
from edgedet.source import FrameSource, create_source

_POLL_S = 0.02
_WARM_BATCHES = 3
_WARM_S = 1.0
_MAX_STEM = 56  # a number follows, and an id has 63 characters
_START_TIMEOUT_S = 120.0  # building nothing, but loading a large model on a small device


@dataclass(frozen=True, slots=True)
class Load:
    """A model on a backend, what it is fed with, and how large its batches may be."""

    model: ModelSettings
    source: SourceSettings
    batch: int
    state_dir: Path

    def sources(self, count: int, **changes: object) -> list[SourceSettings]:
        """The source so many times, with `changes`."""
        stem = self.source.id[:_MAX_STEM]
        return [
            self.source.model_copy(update={**changes, "id": f"{stem}-{number}"})
            for number in range(count)
        ]


def measure_whole(load: Load, sources: int, seconds: float) -> Whole:
    """Feed every frame of so many sources as fast as the pipeline takes them, for `seconds`.

    Raises:
        EdgedetError: If the pipeline ends.
    """
    app = Application(_settings(load, load.sources(sources)))
    with _running(app, _WARM_BATCHES * load.batch):
        return _measure(app, seconds)


def try_cameras(load: Load, question: Question, seconds: float) -> Whole:
    """Run so many cameras at their pace for `seconds`.

    Raises:
        EdgedetError: If the pipeline ends.
    """
    sources = load.sources(question.cameras, realtime=True, max_fps=None)
    numbers = {source.id: number for number, source in enumerate(sources)}

    def make(settings: SourceSettings, clock: Clock) -> FrameSource:
        fast = settings.model_copy(update={"realtime": False})
        return PacedSource(create_source(fast, clock), question.fps, numbers[settings.id], clock)

    app = Application(_settings(load, sources), make_source=make)
    with _running(app, _WARM_BATCHES * question.cameras):
        return _measure(app, seconds)


def _settings(load: Load, sources: list[SourceSettings]) -> Settings:
    return Settings(
        model=load.model,
        sources=sources,
        batch=BatchSettings(max_size=load.batch, latency_budget_ms=None),
        mqtt=MqttSettings(url=OFF),
        jsonl=Path(os.devnull),
        state_dir=load.state_dir,
    )


@contextmanager
def _running(app: Application, warm_frames: int) -> Iterator[None]:
    """The application from its first frames on; stopped in the end."""
    app.start()
    try:
        end_s = time.monotonic() + _START_TIMEOUT_S
        while app.stats.frames < warm_frames:
            _check(app)
            if time.monotonic() > end_s:
                msg = f"no {warm_frames} pictures within {_START_TIMEOUT_S:.0f} s; is it too slow?"
                raise ModelError(msg)
        _wait(app, _WARM_S)
        yield
    finally:
        app.stop()


def _measure(app: Application, seconds: float) -> Whole:
    stats = app.stats
    stats.forget_times()
    start_s, start_cpu_s = time.perf_counter(), time.process_time()
    frames, batches, infer_s = stats.frames, stats.batches, stats.infer_s
    _wait(app, seconds)
    spent_s = time.perf_counter() - start_s
    frames, batches = stats.frames - frames, stats.batches - batches
    cpu_s = time.process_time() - start_cpu_s
    return Whole(
        images_per_s=frames / spent_s,
        stages=stats.stages(),
        mean_batch=frames / max(1, batches),
        busy=min(1.0, (stats.infer_s - infer_s) / spent_s),
        cpu=min(1.0, cpu_s / spent_s / usable_cores()),
        seconds=spent_s,
    )


def _wait(app: Application, seconds: float) -> None:
    end_s = time.monotonic() + seconds
    while time.monotonic() < end_s:
        _check(app)


def _check(app: Application) -> None:
    """Wait a moment; raise what ended the application, if something did."""
    if app.wait(_POLL_S) is None:
        return
    failed = ", ".join(app.failed_sources)
    if isinstance(app.error, EdgedetError):
        raise app.error
    reason = str(app.error) if app.error else f"source {failed} failed" if failed else "it ended"
    msg = f"the pipeline stopped while it was measured: {reason}"
    raise ModelError(msg)
