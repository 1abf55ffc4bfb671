"""Scales of the inputs of convolutions, from pictures that go through the float graph."""

from collections.abc import Callable, Iterable

import numpy as np
import onnx
from numpy.typing import NDArray

from edgedet.errors import DataError, ModelError
from train.quantize.graph_view import GraphView
from train.quantize.groups import always_float, scale_groups, tie
from train.quantize.histogram import MagnitudeHistogram
from train.quantize.runtime import TappedGraph
from train.quantize.scale_table import LEVELS, Fact, Method, ScaleTable

DEFAULT_PERCENTILE = 99.99


class Calibrator:
    """Watches the inputs of all convolutions that may be quantized, then gives scale tables."""

    def __init__(self, fp32: onnx.ModelProto, threads: int = 0) -> None:
        """Prepare `fp32`, a graph that `train export` wrote.

        Raises:
            ModelError: If ONNX Runtime cannot load it.
        """
        self._kept = always_float(fp32)
        self._groups = scale_groups(fp32)
        self._sources = {
            each.name: each.source
            for each in GraphView(fp32).convolutions
            if each.name not in self._kept
        }
        tensors = list(dict.fromkeys(self._sources.values()))
        self._graph = TappedGraph(fp32, tensors, threads)
        self._seen = {tensor: MagnitudeHistogram() for tensor in tensors}
        self._pictures = 0

    def watch(
        self, batches: Iterable[NDArray[np.uint8]], on_batch: Callable[[int], None] | None = None
    ) -> None:
        """Run batches (N, H, W, 3) and count the sizes of values; one batch is held at a time.

        Raises:
            ModelError: If the network gives something that is not finite.
        """
        for batch in batches:
            for tensor, values in zip(self._graph.tensors, self._graph.run(batch), strict=True):
                self._add(tensor, values)
            self._pictures += len(batch)
            if on_batch is not None:
                on_batch(len(batch))

    def _add(self, tensor: str, values: NDArray[np.float32]) -> None:
        try:
            self._seen[tensor].add(values)
        except ValueError as exc:
            msg = (
                f"the float network gives {tensor} that is not finite on calibration pictures "
                f"({exc}); evaluate the checkpoint, and train it again"
            )
            raise ModelError(msg) from exc

    def table(
        self,
        method: Method,
        percentile: float = DEFAULT_PERCENTILE,
        facts: dict[str, Fact] | None = None,
    ) -> ScaleTable:
        """The scales by one method; may be asked again for another.

        Raises:
            DataError: If no picture was watched.
            ModelError: If a tensor was 0 throughout.
        """
        if not self._pictures:
            msg = "nothing to calibrate with: there are no pictures"
            raise DataError(msg)
        amax = {tensor: _amax(seen, method, percentile) for tensor, seen in self._seen.items()}
        by_name = tie({name: amax[source] for name, source in self._sources.items()}, self._groups)
        known: dict[str, Fact] = {"pictures": self._pictures, **(facts or {})}
        if method == "percentile":
            known["percentile"] = percentile
        scales = {name: size / LEVELS for name, size in by_name.items()}
        return ScaleTable(method, scales, self._kept, known)


def _amax(seen: MagnitudeHistogram, method: Method, percentile: float) -> float:
    if method == "max":
        return seen.largest
    if method == "percentile":
        return seen.percentile(percentile)
    if method == "histogram-mse":
        return seen.least_error()
    msg = f"method {method} has no calibrator; its scales come from a checkpoint"
    raise ModelError(msg)
