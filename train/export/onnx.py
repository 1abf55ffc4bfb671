"""A network written as the bundle's `model.onnx`.

The TorchScript exporter is used on purpose: torch's newer one needs onnxscript, writes opset 18
and a second file of weights, and TensorRT 8.6 reads opset 17 at most.
"""

import warnings
from pathlib import Path

import numpy as np
import onnx
import onnxslim
import torch
from onnx import numpy_helper

from edgedet.errors import ModelError
from train.export.graph import CandidateGraph
from train.export.lint import IR_VERSION, OPSET, lint_graph
from train.model import DetectionNetwork

INPUT_NAME = "images"
OUTPUT_NAME = "candidates"

_HALF_MAX = float(np.finfo(np.float16).max)


def export_onnx(model: DetectionNetwork, path: Path, image_hw: tuple[int, int]) -> int:
    """Write the graph of `model` for pictures of `image_hw`; gives back the number of candidates.

    Input `images` uint8 (N, H, W, 3) RGB, output `candidates` float32 (N, K, 7); N is free. The
    weights of convolutions are stored as float16 behind a Cast, which runtimes fold at load.

    Raises:
        ModelError: If the size does not suit the network, a weight does not fit float16, or the
            graph came out with something that a runtime refuses.
    """
    graph = CandidateGraph(model, image_hw).eval().cpu()
    _trace(graph, path, image_hw)
    proto = onnxslim.slim(onnx.load(path))
    halve_weights(proto)
    proto.ir_version = IR_VERSION
    proto.producer_name, proto.producer_version = "edgedet", ""
    onnx.checker.check_model(proto, full_check=True)
    problems = lint_graph(proto)
    if problems:
        msg = f"the exported graph would be refused by a runtime: {'; '.join(problems)}"
        raise ModelError(msg)
    onnx.save(proto, path)
    return graph.count


def halve_weights(proto: onnx.ModelProto) -> None:
    """Store the weights of all convolutions as float16 initializers followed by a Cast, in place.

    Biases and everything behind the head stay float32.

    Raises:
        ModelError: If a weight is too large for float16.
    """
    wanted = {node.input[1] for node in proto.graph.node if node.op_type == "Conv"}
    casts: list[onnx.NodeProto] = []
    for initializer in proto.graph.initializer:
        if initializer.name not in wanted or initializer.data_type != onnx.TensorProto.FLOAT:
            continue
        weight = numpy_helper.to_array(initializer)
        if not float(np.abs(weight).max()) <= _HALF_MAX:
            msg = (
                f"weight {initializer.name} reaches {float(np.abs(weight).max()):g}, "
                f"float16 holds {_HALF_MAX:g}; train with weight decay or a lower learning rate"
            )
            raise ModelError(msg)
        name = initializer.name
        half = numpy_helper.from_array(weight.astype(np.float16), f"{name}.float16")
        initializer.CopyFrom(half)
        casts.append(
            onnx.helper.make_node(
                "Cast", [half.name], [name], name=f"{name}.cast", to=onnx.TensorProto.FLOAT
            )
        )
    for position, cast in enumerate(casts):
        proto.graph.node.insert(position, cast)


def _trace(graph: CandidateGraph, path: Path, image_hw: tuple[int, int]) -> None:
    example = torch.zeros((1, *image_hw, 3), dtype=torch.uint8)
    with warnings.catch_warnings():
        # torch announces its newer exporter on every call; the module's docstring says why not.
        warnings.filterwarnings("ignore", category=DeprecationWarning, module=r"torch\..*")
        warnings.filterwarnings("ignore", message=".*legacy TorchScript-based ONNX export.*")
        torch.onnx.export(
            graph,
            (example,),
            str(path),
            input_names=[INPUT_NAME],
            output_names=[OUTPUT_NAME],
            dynamic_axes={INPUT_NAME: {0: "batch"}, OUTPUT_NAME: {0: "batch"}},
            opset_version=OPSET,
            dynamo=False,
        )
