"""A bundle that does not work is told from one that does."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from edgedet.errors import ModelError
from edgedet.machine import free_memory_bytes
from edgedet.manifest import MODEL_FILE, Bundle
from edgedet.proof import prove
from edgedet.proving import prove_apart
from tests.detect.tiny_bundle import describe, make_tiny_bundle, tiny_graph
from tests.trials import make_trial


def test_a_graph_that_is_none_is_told(tmp_path: Path) -> None:
    bundle = make_tiny_bundle(tmp_path / "bundle")
    bundle.model_path.write_bytes(b"no model")
    with pytest.raises(ModelError, match="cannot load"):
        prove(make_trial(describe(bundle.folder), tmp_path))
    bundle.model_path.write_bytes(b"other bytes")
    with pytest.raises(ModelError, match="is not the file that the manifest names"):
        prove(make_trial(bundle, tmp_path))


def test_a_graph_of_another_shape_is_told(tmp_path: Path) -> None:
    bundle = make_tiny_bundle(tmp_path / "bundle", (64, 96))
    with pytest.raises(ModelError, match=r"the manifest says .*64, 64"):
        prove(make_trial(describe(bundle.folder, (64, 64)), tmp_path))


def _altered(folder: Path, column: int, factor: float, *, is_root: bool) -> Bundle:
    """Its answers are times `factor` in a column; or the root of that."""
    graph = tiny_graph()
    factors = np.ones(7, np.float32)
    factors[column] = factor
    graph.graph.initializer.append(numpy_helper.from_array(factors, "factors"))
    graph.graph.node[-1].output[0] = "answer"
    graph.graph.node.append(
        helper.make_node("Mul", ["answer", "factors"], ["changed" if is_root else "candidates"])
    )
    if is_root:
        graph.graph.node.append(helper.make_node("Sqrt", ["changed"], ["candidates"]))
    folder.mkdir()
    onnx.save(graph, folder / MODEL_FILE)
    return describe(folder)


@pytest.mark.parametrize(
    ("column", "factor", "is_root", "reason"),
    [
        (4, -1.0, True, "candidates that are not finite"),
        (4, -1.0, False, "answers a score of -0"),
        (4, 300.0, False, "answers a score of"),
        (2, -1.0, False, "answers a box from"),
    ],
)
def test_answers_that_cannot_be_are_refused_without_a_golden_case(
    tmp_path: Path, column: int, factor: float, *, is_root: bool, reason: str
) -> None:
    bundle = _altered(tmp_path / "bundle", column, factor, is_root=is_root)
    with pytest.raises(ModelError, match=f"{reason}.* on onnxruntime"):
        prove(make_trial(bundle, tmp_path))


def test_one_that_takes_more_memory_than_is_free_is_refused_and_takes_none(tmp_path: Path) -> None:
    free = free_memory_bytes()
    assert free is not None
    graph = tiny_graph()
    many = np.array([free // 4 + (512 << 18)], np.int64)  # float32, and half a GiB more
    graph.graph.initializer.append(numpy_helper.from_array(many, "many"))
    graph.graph.node[-1].output[0] = "answer"
    graph.graph.node.extend(
        [
            helper.make_node("ReduceMean", ["brightness"], ["level"], keepdims=0),
            helper.make_node("Expand", ["level", "many"], ["heap"]),
            helper.make_node("ReduceMin", ["heap"], ["least"], keepdims=0),
            helper.make_node("Mul", ["least", "zero"], ["nothing"]),
            helper.make_node("Add", ["answer", "nothing"], ["candidates"]),
        ]
    )
    (tmp_path / "bundle").mkdir()
    onnx.save(graph, tmp_path / "bundle" / MODEL_FILE)
    with pytest.raises(ModelError, match=r"does not run here: .*alloc|takes more memory"):
        prove_apart(make_trial(describe(tmp_path / "bundle"), tmp_path), limit_s=60)
