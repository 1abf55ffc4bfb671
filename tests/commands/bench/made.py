"""Figures of a bench that never ran."""

from edgedet.commands.bench.figures import Bare, Findings, Row, SourceCost, Whole
from edgedet.stream.stats import Percentiles, Stage


def times(p50_ms: float = 1.0, p99_ms: float | None = None) -> Percentiles:
    return Percentiles(p50_ms, 2 * p50_ms if p99_ms is None else p99_ms, 100)


def whole(
    images_per_s: float = 40.0, *, busy: float = 0.97, cpu: float = 0.8, **p99_ms: float
) -> Whole:
    """Figures of a pipeline; `p99_ms` by stage, as in `total=90`."""
    stages = {stage: times(1.0, p99_ms.get(stage.value, 2.0)) for stage in Stage}
    return Whole(images_per_s, stages, 1.0, busy, cpu, seconds=3.0)


def cost(decode_ms: float = 1.0) -> SourceCost:
    return SourceCost(1280, 720, "avdec_h264", decode_ms, decode_ms, times(0.5))


def bare(images_per_s: float = 45.0) -> Bare:
    return Bare(images_per_s, times(1000.0 / images_per_s), times(0.3))


def row(backend: str = "onnxruntime", batch: int = 1, images_per_s: float = 40.0) -> Row:
    return Row(backend, batch, bare(), whole(images_per_s), 1, "infer")


def findings(*rows: Row) -> Findings:
    rows = rows or (row(),)
    best = max(rows, key=lambda one: one.whole.images_per_s)
    return Findings(
        "person 1", "int8", (416, 416), "Fast CPU", 2, "test://ball", cost(), rows, best
    )
