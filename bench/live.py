"""Cameras that are test patterns, the whole of edgedet, and when each result reached a broker."""

import argparse
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from bench.broker import arrivals
from edgedet.app import Application
from edgedet.clock import Clock
from edgedet.config.batch import BatchSettings
from edgedet.config.device import DeviceSettings
from edgedet.config.model import ModelSettings
from edgedet.config.mqtt import OFF, MqttSettings
from edgedet.config.settings import Settings
from edgedet.config.source import SourceSettings
from edgedet.detections import FrameDetections
from edgedet.frame import Frame
from edgedet.source import FrameSource, create_source
from edgedet.source.base import SourceCondition
from edgedet.stream.stats import PipelineStats

_PICTURE = "test://ball?width=1280&height=720"
_TOPICS = "edgedet/v1/bench/bench/src/+/detections"
_WARM_S = 5.0
_START_S = 120.0
_POLL_S = 0.02
_GOLDEN_RATIO = 0.618033988749895  # spreads any number of phases evenly
_LATE_S = 0.5  # for the last messages to reach the listener


@dataclass(frozen=True, slots=True)
class Seen:
    """One result, by the machine's monotonic clock."""

    source: str
    arrival_s: float
    batched_s: float
    start_s: float
    end_s: float
    handed_s: float
    """To the outlet."""
    broker_s: float


@dataclass(frozen=True, slots=True)
class Run:
    """What cameras got while they were watched; `stats` count from the start."""

    seen: list[Seen]
    seconds: float
    stats: PipelineStats
    lost: int
    """Results that were handed to the outlet and did not reach the listener."""


def parser(description: str) -> argparse.ArgumentParser:
    """The options that all of these benches share."""
    made = argparse.ArgumentParser(description=description)
    made.add_argument("--bundle", type=Path, default=Path("models/person"), help="(%(default)s)")
    made.add_argument("--backend", default="onnxruntime", help="or openvino (%(default)s)")
    made.add_argument("--seconds", type=float, default=20.0, help="of a round (%(default)s)")
    made.add_argument("--rounds", type=int, default=3, help="(%(default)s)")
    made.add_argument(
        "--clip", type=Path, help="a video that all cameras show; default: test patterns of 720p"
    )
    return made


def capacity_fps(options: argparse.Namespace, seconds: float) -> float:
    """Images a second of the whole pipeline when nothing holds it back."""
    uri = f"{_PICTURE}&frames=900000" if options.clip is None else _address(options.clip)
    source = SourceSettings(id="all", uri=uri, realtime=False)
    with tempfile.TemporaryDirectory() as folder:
        app = Application(_settings(options, [source], None, Path(folder), OFF))
        app.start()
        try:
            _warm(app)
            start_s, frames = time.monotonic(), app.stats.frames
            _wait(app, seconds)
            return (app.stats.frames - frames) / (time.monotonic() - start_s)
        finally:
            app.stop()


def watch(
    options: argparse.Namespace, cameras: list[SourceSettings], budget_ms: float | None, port: int
) -> Run:
    """Let `cameras` run for `options.seconds`, after some to warm up."""
    results: list[tuple[FrameDetections, float]] = []
    with tempfile.TemporaryDirectory() as folder:
        log, url = Path(folder) / "arrivals", f"mqtt://127.0.0.1:{port}"
        app = Application(
            _settings(options, cameras, budget_ms, Path(folder), url), make_source=_staggered
        )
        sink = app.parts.outlets.sink
        publish = sink.publish

        def recording(result: FrameDetections) -> None:
            results.append((result, time.monotonic()))
            publish(result)

        setattr(sink, "publish", recording)  # noqa: B010 - what mypy lets nobody assign
        boot = app.parts.outlets.origin.boot
        with arrivals(port, _TOPICS, log):
            app.start()
            try:
                _warm(app)
                start_s = time.monotonic()
                _wait(app, options.seconds)
                end_s = time.monotonic()
                time.sleep(_LATE_S)
            finally:
                app.stop()
        arrived = _arrivals(log)
    within = [(r, at_s) for r, at_s in results if start_s <= r.frame.arrival_s < end_s]
    ids = [f"bench/{boot}/{r.frame.source_id}/{r.frame.seq}" for r, _ in within]
    seen = [
        Seen(
            r.frame.source_id,
            r.frame.arrival_s,
            r.batched_s,
            r.infer_start_s,
            r.infer_end_s,
            at_s,
            arrived[name],
        )
        for (r, at_s), name in zip(within, ids, strict=True)
        if name in arrived
    ]
    return Run(seen, end_s - start_s, app.stats, len(within) - len(seen))


def camera(number: int, fps: int, clip: Path | None = None, **settings: float) -> SourceSettings:
    """A camera of 720p, or one that shows `clip` again and again, with so many frames a second."""
    seen: dict[str, object] = {"uri": f"{_PICTURE}&fps={fps}"}
    if clip is not None:
        seen = {"uri": _address(clip), "loop": True, "max_fps": fps}
    return SourceSettings.model_validate({"id": f"camera-{number}-{fps}", **seen, **settings})


def cameras_for(total_fps: float, clip: Path | None = None) -> list[SourceSettings]:
    """As many cameras, at a whole number of frames a second, as come nearest to `total_fps`."""
    choices = [(count, max(1, round(total_fps / count))) for count in (4, 3, 5)]
    count, fps = min(choices, key=lambda choice: abs(choice[0] * choice[1] - total_fps))
    return [camera(number, fps, clip) for number in range(count)]


def _address(clip: Path) -> str:
    return clip.resolve().as_uri()


def quantile(values: list[float], share: float) -> float:
    """The nearest rank; 0 of nothing."""
    ordered = sorted(values)
    return ordered[round(share * (len(ordered) - 1))] if ordered else 0.0


class _Staggered:
    """A camera that begins a part of its period later than others, as cameras do."""

    def __init__(self, source: FrameSource, delay_s: float) -> None:
        self._source = source
        self._delay_s = delay_s

    @property
    def condition(self) -> SourceCondition:
        return self._source.condition

    def open(self, timeout_s: float, stop: threading.Event | None = None) -> None:
        time.sleep(self._delay_s)
        self._source.open(timeout_s, stop)

    def read(self, timeout_s: float) -> Frame | None:
        return self._source.read(timeout_s)

    def close(self) -> None:
        self._source.close()


def _staggered(settings: SourceSettings, clock: Clock) -> FrameSource:
    number, fps = (int(text) for text in settings.id.split("-")[1:])
    return _Staggered(create_source(settings, clock), number * _GOLDEN_RATIO % 1.0 / fps)


def _settings(
    options: argparse.Namespace,
    sources: list[SourceSettings],
    budget_ms: float | None,
    folder: Path,
    url: str,
) -> Settings:
    return Settings(
        device=DeviceSettings(site="bench", name="bench"),
        model=ModelSettings(bundle=options.bundle.resolve(), backend=options.backend),
        sources=sources,
        batch=BatchSettings(latency_budget_ms=budget_ms),
        mqtt=MqttSettings(url=url),
        state_dir=folder / "state",
    )


def _warm(app: Application) -> None:
    end_s = time.monotonic() + _START_S
    while not app.stats.frames:
        _wait(app, _POLL_S)
        if time.monotonic() > end_s:
            sys.exit(f"no result within {_START_S:.0f} s")
    _wait(app, _WARM_S)


def _wait(app: Application, seconds: float) -> None:
    if app.wait(seconds) is not None:
        sys.exit(f"the pipeline ended early: {app.error}")


def _arrivals(path: Path) -> dict[str, float]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return {name: float(time_s) for time_s, _, name in (line.partition(" ") for line in lines)}
