"""From what runs to the figures that health looks at: the one place that knows both."""

from collections.abc import Sequence

import edgedet
from edgedet.app import Application
from edgedet.clock import Clock
from edgedet.config.settings import Settings
from edgedet.event import LastRun, RunEnd
from edgedet.health.base import (
    BrokerVitals,
    ModelVitals,
    Sign,
    SourceVitals,
    StageVitals,
    Vitals,
)
from edgedet.health.progress import Progress
from edgedet.log import redact
from edgedet.publish.link import LinkState
from edgedet.stream.histogram import BOUNDS_S
from edgedet.stream.stats import PipelineStats
from edgedet.stream.view import SourceView
from edgedet.stream.worker import Worker

Figures = dict[str, int | float | str]

_SOURCE_LIMIT_S = 180.0  # opening, reading and waiting have limits of seconds; a hang has none


class Observer:
    """Looks at an application. `look` is for one thread at a time."""

    def __init__(self, app: Application, settings: Settings, clock: Clock) -> None:
        """Look at `app`, which was made from `settings`."""
        self._app = app
        self._settings = settings
        self._clock = clock
        self._started_s = clock.monotonic()
        self._progress = Progress(clock)

    def look(self) -> Vitals:
        """How everything is now."""
        app, parts = self._app, self._app.parts
        stats = parts.pipeline.stats
        now_s = self._clock.monotonic()
        birth = parts.outlets.birth
        extra = _extra(app)
        return Vitals(
            site=self._settings.device.site,
            device=self._settings.device.name,
            version=edgedet.__version__,
            boot=birth.boot,
            uptime_s=round(now_s - self._started_s, 3),
            frames=stats.frames,
            batches=stats.batches,
            infer_s=stats.infer_s,
            unpaintable=parts.pipeline.unpaintable,
            capacity_fps=round(parts.pipeline.admission.capacity_fps, 2),
            demand_fps=round(parts.pipeline.admission.demand_fps, 2),
            sources=tuple(_source(view) for view in parts.feeds.views(now_s)),
            stages=_stages(stats),
            model=_model(app),
            broker=_broker(app),
            last_run=birth.last_run or LastRun(RunEnd.UNKNOWN),
            signs=tuple(self._signs()),
            extra=extra,
            troubles=self._troubles(extra),
        )

    def _troubles(self, extra: dict[str, Figures]) -> dict[str, str]:
        """Which of the parts in `extra`, or missing there, does not do what it should, and why."""
        found = {
            "spool": str(extra.get("spool", {}).get("reason", "")),
            "sampling": str(extra.get("sampling", {}).get("trouble", "")),
        }
        if reason := self._app.samples.trouble:
            found["sampling"] = (
                f"no frames are kept, as their store could not be opened ({reason}); it is tried"
                " again until it can"
            )
        return {name: reason for name, reason in found.items() if reason}

    def _signs(self) -> list[Sign]:
        parts = self._app.parts
        limit_s = self._settings.health.stall_limit_s
        is_loaded = bool(parts.pipeline.backend)
        workers = [*parts.pipeline.workers, parts.reporting]
        if parts.outlets.mqtt is not None:
            workers.append(parts.outlets.mqtt.worker)
        signs = [
            Sign(worker.name, worker.idle_s(), limit_s)
            for worker in workers
            if is_loaded or worker.name != "infer"  # what loads a model asks nothing meanwhile
        ]
        if is_loaded:
            done, waiting = parts.pipeline.stats.frames, parts.pipeline.waiting
            signs.append(
                Sign("detector", self._progress.idle_s(done=done, waiting=waiting), limit_s)
            )
        return signs + _source_signs(parts.feeds.workers)


def _source_signs(workers: Sequence[Worker]) -> list[Sign]:
    return [
        Sign(worker.name, worker.idle_s(), _SOURCE_LIMIT_S, is_vital=False)
        for worker in workers
        if worker.is_alive
    ]


def _source(view: SourceView) -> SourceVitals:
    figures = view.figures
    return SourceVitals(
        status=view.status,
        decoded=view.decoded,
        detected=figures.detected,
        fps=round(figures.fps, 2),
        p50_ms=figures.latency.p50_ms,
        p99_ms=figures.latency.p99_ms,
        objects=figures.objects,
        objects_total=figures.objects_total,
    )


def _stages(stats: PipelineStats) -> dict[str, StageVitals]:
    return {
        stage.value: StageVitals(
            percentiles.p50_ms,
            percentiles.p99_ms,
            BOUNDS_S,
            stats.histograms[stage].counts,
            stats.histograms[stage].sum_s,
        )
        for stage, percentiles in stats.stages().items()
    }


def _model(app: Application) -> ModelVitals:
    pipeline = app.parts.pipeline
    model = pipeline.roster.in_use.model
    identity = model.identity
    return ModelVitals(
        name=identity.name,
        version=identity.version,
        sha256=identity.sha256,
        precision=identity.precision,
        input_hw=model.input_hw,
        class_names=identity.class_names,
        score_threshold=pipeline.thresholds.score,
        backend=pipeline.backend,
    )


def _broker(app: Application) -> BrokerVitals | None:
    outlets = app.parts.outlets
    if outlets.mqtt is None:
        return None
    stats = outlets.mqtt.stats
    return BrokerVitals(
        url=redact(outlets.broker_url),
        state=stats.state.value,
        is_connected=stats.state is LinkState.CONNECTED,
        reason=redact(stats.reason),
        protocol=stats.protocol,
        reconnects=stats.reconnects,
        pending=stats.pending,
        published=stats.published,
        dropped=stats.dropped,
        truncated=stats.truncated,
        refused=stats.refused,
        is_refusing=stats.is_refusing,
        certificate_ends_s=stats.certificate_ends_s,
    )


def _extra(app: Application) -> dict[str, Figures]:
    """The figures of what is not there in every configuration."""
    found: dict[str, Figures] = {}
    mqtt = app.parts.outlets.mqtt
    spool = None if mqtt is None else mqtt.stats.spool
    if spool is not None:
        found["spool"] = {
            "is_durable": int(spool.state.is_durable),
            "kept": sum(spool.kept.values()),
            "used_bytes": spool.used_bytes,
            "written": spool.written,
            "replayed": spool.replayed,
            "dropped": sum(spool.dropped.values()),
            "reason": redact(spool.state.reason),
        }
    if app.samples.now is not None:
        found["sampling"] = app.samples.now.figures()
    if app.samples.failed:
        found["sampling_start"] = {"failed": app.samples.failed}
    rollout = app.models.figures()
    if rollout is not None:
        found["rollout"] = rollout
    return found
