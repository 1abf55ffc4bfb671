"""An INT8 model as it would leave, written, and scored beside the float one."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import onnx

from edgedet.manifest import Bundle, Manifest
from train.evaluate import EvaluationReport
from train.quantize.bundle import write_int8
from train.quantize.progress import Stages
from train.quantize.scale_table import ScaleTable
from train.quantize.scoring import Comparison, HeldOut
from train.quantize.source import FloatModel
from train.quantize.writer import quantize_graph


@dataclass(frozen=True, slots=True)
class Trial:
    """An INT8 bundle, its scales, and what it and the float model score on each backend."""

    bundle: Bundle
    table: ScaleTable
    comparisons: tuple[Comparison, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Bench:
    """What every trial of a job has in common.

    `source` is quantized, `baseline` is what the result is compared with.
    """

    source: FloatModel
    baseline: Bundle
    fp32: onnx.ModelProto
    manifest: Manifest
    folder: Path
    held_out: HeldOut
    backends: tuple[str, ...]
    stages: Stages

    def score_float(self) -> tuple[EvaluationReport, ...]:
        """What the float model to compare with scores on each backend."""
        return tuple(self._score("float", self.baseline, each) for each in self.backends)

    def attempt(self, table: ScaleTable, floats: Sequence[EvaluationReport]) -> Trial:
        """The INT8 bundle of a table, in `folder`, beside what the float model scored.

        Raises:
            ModelError: If the table does not fit the graph, or a backend cannot run the result.
        """
        proto = quantize_graph(self.fp32, table)
        bundle = write_int8(self.folder, self.manifest, proto, table, self.source.weights)
        ints = [self._score("INT8", bundle, each) for each in self.backends]
        pairs = zip(floats, ints, strict=True)
        return Trial(bundle, table, tuple(Comparison(*pair) for pair in pairs))

    def _score(self, what: str, bundle: Bundle, backend: str) -> EvaluationReport:
        step = self.stages(f"score {what} on {backend}", len(self.held_out.samples))
        return self.held_out.score(bundle, backend, step)
