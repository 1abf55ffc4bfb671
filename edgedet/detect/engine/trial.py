"""Trying an engine out on the device: does it compute what it should, and how fast."""

import logging
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from edgedet.detect.cuda import Cuda
from edgedet.detect.engine.api import TensorRT
from edgedet.detect.engine.forms import engine_graph, is_quantized
from edgedet.detect.engine.session import EngineSession
from edgedet.detect.engine.sidecar import Measured, Precision
from edgedet.detect.onnxruntime import OrtDetector
from edgedet.manifest import MODEL_FILE, Bundle, GoldenCase
from edgedet.vision import Tolerance, compare_candidates

if TYPE_CHECKING:
    import onnx

logger = logging.getLogger(__name__)

_WARM_UP = 3  # the first run sets things up, the second captures a graph in each slot, ...
_LEAST_RUNS, _MOST_RUNS = 5, 200
_BUDGET_S = 1.5
# A kernel that rounds differently moves an INT8 activation by a whole step now and then.
_STRAY_SHARE = 0.02
# What float bundles allow; an INT8 bundle's own tolerance is wider, for its rounding. FP16 of
# models/person was seen to differ by 0.02 px and 0.0015 in ONNX Runtime.
_FLOAT_BOX_PX, _FLOAT_SCORE = 1.0, 0.01

Images = NDArray[np.uint8]
Candidates = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Expectation:
    """Pictures (N, H, W, 3), the candidates (N, K, 7) expected of them, and how exactly."""

    images_nhwc: Images
    candidates: Candidates
    tolerance: Tolerance


def expect(
    bundle: Bundle, proto: "onnx.ModelProto", precision: Precision, golden: GoldenCase | None
) -> Expectation | None:
    """What an engine of that precision must answer to the golden pictures; None without such.

    The golden candidates are those of the bundle's own graph. Without INT8, a quantized graph
    computes something else (and better): that is asked of ONNX Runtime, and the tolerance is that
    of a float bundle.
    """
    declared = bundle.manifest.golden
    if golden is None or declared is None:
        return None
    tolerance = Tolerance(box_px=declared.box_tolerance_px, score=declared.score_tolerance)
    if precision == "int8" or not is_quantized(proto):
        return Expectation(golden.images_nhwc, golden.candidates, tolerance)
    tolerance = Tolerance(
        box_px=min(tolerance.box_px, _FLOAT_BOX_PX), score=min(tolerance.score, _FLOAT_SCORE)
    )
    with tempfile.TemporaryDirectory(prefix="edgedet-") as name:
        folder = Path(name)
        graph = engine_graph(proto, "fp32", strongly_typed=False)
        (folder / MODEL_FILE).write_bytes(graph.SerializeToString())
        detector = OrtDetector(Bundle(folder, bundle.manifest, bundle.digest))
        try:
            candidates = detector.infer(golden.images_nhwc)
        finally:
            detector.close()
    return Expectation(golden.images_nhwc, candidates, tolerance)


def try_engine(  # noqa: PLR0913 - what there is to try, with what
    plan: bytes,
    precision: Precision,
    bundle: Bundle,
    expectation: Expectation | None,
    *,
    cuda: Cuda,
    api: TensorRT,
) -> Measured:
    """Load an engine, compare its answers, time whole batches and single pictures.

    Raises:
        ModelError: If it cannot be loaded or run.
    """
    session = EngineSession(plan, bundle, cuda, api)
    try:
        found = None if expectation is None else session.infer(expectation.images_nhwc)
        single_s = _seconds(session, _pictures(bundle, expectation, 1))
        largest = session.profile.largest
        batch_s = _seconds(session, _pictures(bundle, expectation, largest))
    finally:
        session.close()
    measured = Measured(
        precision=precision,
        images_per_s=round(largest / batch_s, 1),
        latency_ms=round(single_s * 1e3, 3),
    )
    if expectation is None or found is None:
        return measured
    return measured.model_copy(update=_compared(found, expectation))


def passes(measured: Measured) -> bool:
    """Whether an engine may be used: it ran, and its answers are as expected."""
    if measured.reason is not None:
        return False
    return not measured.strays or measured.strays <= _STRAY_SHARE * (measured.compared or 0)


def _seconds(session: EngineSession, images_nhwc: Images) -> float:
    """Median of one `infer`, after it has warmed up."""
    for _ in range(_WARM_UP):
        session.infer(images_nhwc)
    taken: list[float] = []
    end_s = time.perf_counter() + _BUDGET_S
    while len(taken) < _LEAST_RUNS or (len(taken) < _MOST_RUNS and time.perf_counter() < end_s):
        start_s = time.perf_counter()
        session.infer(images_nhwc)
        taken.append(time.perf_counter() - start_s)
    return max(float(np.median(taken)), 1e-9)


def _pictures(bundle: Bundle, expectation: Expectation | None, count: int) -> Images:
    """`count` pictures: the golden ones again and again, or grey ones."""
    if expectation is None:
        return np.full((count, *bundle.input_hw, 3), bundle.manifest.input.pad_value, np.uint8)
    wanted = np.arange(count) % len(expectation.images_nhwc)
    return np.ascontiguousarray(expectation.images_nhwc[wanted])


def _compared(found: Candidates, expectation: Expectation) -> dict[str, float | int]:
    box_px, score, strays = 0.0, 0.0, 0
    for rows, expected in zip(found, expectation.candidates, strict=True):
        difference = compare_candidates(rows, expected, expectation.tolerance)
        box_px, score = max(box_px, difference.box_px), max(score, difference.score)
        strays += difference.unmatched
    compared = found.shape[0] * found.shape[1]
    return {
        "box_px": round(box_px, 4),
        "score": round(score, 6),
        "strays": strays,
        "compared": compared,
    }
