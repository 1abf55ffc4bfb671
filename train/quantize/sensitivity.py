"""Which convolutions suffer most from being quantized: one at a time, ranked, kept on disk."""

import hashlib
import json
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray

from edgedet.files import write_text_atomically
from train.quantize.graph_view import GraphView
from train.quantize.groups import DETECTION, always_float
from train.quantize.runtime import TappedGraph
from train.quantize.scale_table import ScaleTable
from train.quantize.writer import quantize_graph

logger = logging.getLogger(__name__)

_VERSION = 1
_ALONE = "quantized alone, to be measured"


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """Relative error of the detection convolutions' outputs if only `name` is quantized."""

    name: str
    error: float


class SensitivityCache:
    """Errors by convolution in one file a (graph, table, pictures); what is found is kept at once.

    Without a folder nothing is kept.
    """

    def __init__(self, folder: Path | None, key: str) -> None:
        """Read what an earlier search found."""
        self._path = None if folder is None else folder / f"sensitivity-{key[:32]}.json"
        self._errors: dict[str, float] = {}
        if self._path is not None:
            with suppress(OSError, ValueError, TypeError):  # not there, or damaged: measured again
                content = json.loads(self._path.read_text(encoding="utf-8"))
                if content["version"] == _VERSION:
                    self._errors = {str(k): float(v) for k, v in content["errors"].items()}

    def get(self, name: str) -> float | None:
        """The error of a convolution, if it was measured."""
        return self._errors.get(name)

    def put(self, name: str, error: float) -> None:
        """Keep one, on disk too."""
        self._errors[name] = error
        if self._path is None:
            return
        text = json.dumps({"version": _VERSION, "errors": self._errors}, indent=1)
        try:
            write_text_atomically(self._path, text)
        except OSError as exc:
            logger.warning("cannot keep what was measured in %s: %s", self._path, exc.strerror)
            self._path = None


def rank(
    fp32: onnx.ModelProto,
    table: ScaleTable,
    images: Sequence[NDArray[np.uint8]],
    cache_folder: Path | None = None,
    on_layer: Callable[[], None] | None = None,
) -> list[Sensitivity]:
    """The quantized convolutions of `table`, the most sensitive first.

    Args:
        fp32: The float graph.
        table: Scales of all convolutions that are to be measured.
        images: Batches (N, H, W, 3), letterboxed; 16 pictures tell enough.
        cache_folder: Where to keep what was measured.
        on_layer: Called after each convolution.

    Raises:
        ModelError: If ONNX Runtime cannot run a graph.
    """
    heads = _heads(fp32)
    cache = SensitivityCache(cache_folder, _key(fp32, table, images))
    expected: list[list[NDArray[np.float32]]] = []
    found: list[Sensitivity] = []
    for name in table.inputs:
        error = cache.get(name)
        if error is None:
            if not expected:
                expected = list(_outputs(fp32, heads, images))
            others = {each: _ALONE for each in table.inputs if each != name}
            alone = quantize_graph(fp32, table.without(others))
            error = _relative(expected, list(_outputs(alone, heads, images)))
            cache.put(name, error)
        found.append(Sensitivity(name, error))
        if on_layer is not None:
            on_layer()
    return sorted(found, key=lambda one: (-one.error, one.name))


def _heads(proto: onnx.ModelProto) -> list[str]:
    kept = always_float(proto)
    return [
        each.output for each in GraphView(proto).convolutions if kept.get(each.name) == DETECTION
    ]


def _outputs(
    proto: onnx.ModelProto, heads: Sequence[str], images: Sequence[NDArray[np.uint8]]
) -> Iterator[list[NDArray[np.float32]]]:
    graph = TappedGraph(proto, heads)
    return (graph.run(batch) for batch in images)


def _relative(
    expected: list[list[NDArray[np.float32]]], found: list[list[NDArray[np.float32]]]
) -> float:
    """Root of the mean squared error over that of the values, averaged over detection levels."""
    ratios = []
    for level in range(len(expected[0])):
        wanted = np.concatenate([batch[level] for batch in expected]).astype(np.float64)
        given = np.concatenate([batch[level] for batch in found]).astype(np.float64)
        deviation = max(float(wanted.std()), 1e-12)
        ratios.append(float(np.sqrt(((given - wanted) ** 2).mean())) / deviation)
    return float(np.mean(ratios))


def _key(fp32: onnx.ModelProto, table: ScaleTable, images: Sequence[NDArray[np.uint8]]) -> str:
    digest = hashlib.sha256(fp32.SerializeToString(deterministic=True))
    digest.update(json.dumps(dict(table.inputs)).encode())
    for batch in images:
        digest.update(batch.tobytes())
    return digest.hexdigest()
