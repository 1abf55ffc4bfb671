"""The figures in the form of Prometheus: read when somebody asks, counted elsewhere.

Labels hold ids and words from closed lists, never an address or a reason.
"""

from collections.abc import Callable, Iterable, Iterator

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from edgedet.event import RunEnd, SourceState
from edgedet.health.base import BrokerVitals, SourceVitals, StageVitals, Vitals
from edgedet.health.verdict import failures, liveness, readiness

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

Value = Callable[[SourceVitals], float]

_SOURCE_COUNTERS: tuple[tuple[str, str, Value], ...] = (
    ("frames_decoded", "Frames decoded.", lambda s: s.decoded),
    ("frames_detected", "Frames with a result.", lambda s: s.detected),
    ("frames_dropped", "Frames decoded and not detected.", lambda s: s.status.dropped),
    ("frames_quarantined", "Damaged frames left out.", lambda s: s.status.quarantined),
    ("reconnects", "Attempts to open the source again.", lambda s: s.status.reconnects),
    ("teardowns_abandoned", "Pipelines that hang in a driver.", lambda s: s.status.abandoned),
    ("objects", "Objects detected in all frames.", lambda s: s.objects_total),
)
_SOURCE_GAUGES: tuple[tuple[str, str, Value], ...] = (
    ("fps_in", "Frames decoded a second, now.", lambda s: s.status.fps_in),
    ("limited", "1: it asks for more than it gets.", lambda s: s.status.limit is not None),
    ("fps_detected", "Results a second, now.", lambda s: s.fps),
    ("latency_p50_seconds", "Arrival of a frame to hand-over, median.", lambda s: s.p50_ms / 1e3),
    ("latency_p99_seconds", "The same, 99th percentile.", lambda s: s.p99_ms / 1e3),
    ("objects_now", "Objects in the latest frame.", lambda s: s.objects),
)
_BROKER_COUNTERS: tuple[tuple[str, str, Callable[[BrokerVitals], float]], ...] = (
    ("reconnects", "Connections after the first.", lambda b: b.reconnects),
    ("messages_published", "Results handed over.", lambda b: b.published),
    ("messages_dropped", "Results given up.", lambda b: b.dropped),
    ("messages_refused", "Messages that the broker refused.", lambda b: b.refused),
    ("objects_truncated", "Objects that did not fit into their message.", lambda b: b.truncated),
)


class Exposition:
    """Makes the page of metrics. For one thread at a time."""

    def __init__(self, look: Callable[[], Vitals]) -> None:
        """`look` is called for each page."""
        self._registry = CollectorRegistry(auto_describe=False)
        ProcessCollector(registry=self._registry)
        self._registry.register(_Figures(look))

    def page(self) -> bytes:
        """All metrics, in the text format."""
        return generate_latest(self._registry)


class _Figures(Collector):
    """Turns vitals into metrics."""

    def __init__(self, look: Callable[[], Vitals]) -> None:
        self._look = look

    def describe(self) -> Iterable[Metric]:
        """Nothing: whoever registers this need not look for it."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """All metrics as they are now."""
        vitals = self._look()
        yield from _device(vitals)
        yield from _sources(vitals.sources)
        yield _stages(vitals)
        yield _silence(vitals)
        if vitals.broker is not None:
            yield from _broker(vitals.broker)
        for part, figures in vitals.extra.items():
            for name, value in figures.items():
                if isinstance(value, int | float):
                    yield _gauge(f"{part}_{name}", f"Of the part {part}.", value)


def _device(vitals: Vitals) -> Iterator[Metric]:
    model = vitals.model
    yield InfoMetricFamily(
        "edgedet",
        "This run of the service.",
        {
            "version": vitals.version,
            "site": vitals.site,
            "device": vitals.device,
            "boot": vitals.boot,
        },
    )
    yield InfoMetricFamily(
        "edgedet_model",
        "The model in use.",
        {
            "name": model.name,
            "version": model.version,
            "sha256": model.sha256[:12],
            "precision": model.precision,
            "backend": model.backend,
        },
    )
    text = "1 for how the run before this one ended, 0 for all others."
    ends = GaugeMetricFamily("edgedet_last_run", text, labels=["end"])
    for end in RunEnd:
        ends.add_metric([end.value], end is vitals.last_run.end)
    yield ends
    yield _gauge("uptime_seconds", "Since the start.", vitals.uptime_s)
    yield _gauge("live", "1: nothing is stuck.", not failures(liveness(vitals)))
    yield _gauge("ready", "1: the job is being done.", not failures(readiness(vitals)))
    yield _counter("frames", "Frames the backend has answered.", vitals.frames)
    yield _counter("batches", "Runs of the backend.", vitals.batches)
    yield _counter("backend_seconds", "Time inside the backend.", vitals.infer_s)
    yield _counter("frames_unpaintable", "Frames that could not be read.", vitals.unpaintable)
    text = "Images a second that the detector can answer; 0 while not known."
    yield _gauge("detector_capacity_fps", text, vitals.capacity_fps)
    text = "Images a second that cameras ask for."
    yield _gauge("detector_demand_fps", text, vitals.demand_fps)


def _sources(sources: tuple[SourceVitals, ...]) -> Iterator[Metric]:
    text = "1 for the state of a source, 0 for all others."
    states = GaugeMetricFamily("edgedet_source_state", text, labels=["source", "state"])
    for source in sources:
        for state in SourceState:
            labels = [source.status.source_id, state.value]
            states.add_metric(labels, state is source.status.state)
    yield states
    for name, text, value in _SOURCE_COUNTERS:
        counter = CounterMetricFamily(f"edgedet_source_{name}", text, labels=["source"])
        for source in sources:
            counter.add_metric([source.status.source_id], value(source))
        yield counter
    for name, text, value in _SOURCE_GAUGES:
        gauge = GaugeMetricFamily(f"edgedet_source_{name}", text, labels=["source"])
        for source in sources:
            gauge.add_metric([source.status.source_id], value(source))
        yield gauge
    text = "Results a second that a source gets at most, while it asks for more."
    limits = GaugeMetricFamily("edgedet_source_limit_fps", text, labels=["source"])
    for source in sources:
        if source.status.limit is not None:
            limits.add_metric([source.status.source_id], source.status.limit.fps)
    yield limits


def _stages(vitals: Vitals) -> Metric:
    text = "Durations of a frame's journey; paint is part of queue, total is all but paint."
    family = HistogramMetricFamily("edgedet_stage_seconds", text, labels=["stage"])
    for name, stage in vitals.stages.items():
        family.add_metric([name], buckets=_cumulative(stage), sum_value=stage.sum_s)
    return family


def _cumulative(stage: StageVitals) -> list[tuple[str, float]]:
    total = 0
    buckets: list[tuple[str, float]] = []
    for bound, count in zip([*map(str, stage.bounds_s), "+Inf"], stage.counts, strict=True):
        total += count
        buckets.append((bound, total))
    return buckets


def _silence(vitals: Vitals) -> Metric:
    text = "Seconds since a thread's last sign of life."
    family = GaugeMetricFamily("edgedet_stage_silence_seconds", text, labels=["stage"])
    for sign in vitals.signs:
        family.add_metric([sign.stage], sign.idle_s)
    return family


def _broker(broker: BrokerVitals) -> Iterator[Metric]:
    yield _gauge("mqtt_connected", "1: the broker has us.", broker.is_connected)
    text = "1 for how we stand with the broker."
    state = GaugeMetricFamily("edgedet_mqtt_state", text, labels=["state"])
    state.add_metric([broker.state], 1)
    yield state
    if broker.certificate_ends_s is not None:
        text = "When the broker's certificate ends, in seconds since 1970."
        yield _gauge("mqtt_certificate_expiry_timestamp_seconds", text, broker.certificate_ends_s)
    yield _gauge("mqtt_pending", "Results that wait for the broker.", broker.pending)
    for name, text, value in _BROKER_COUNTERS:
        yield _counter(f"mqtt_{name}", text, value(broker))


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"edgedet_{name}", text, value=value)


def _counter(name: str, text: str, value: float) -> Metric:
    return CounterMetricFamily(f"edgedet_{name}", text, value=value)
