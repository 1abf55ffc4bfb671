"""One graph through NVIDIA's parser and builder, in a process of its own: it may take it down.

    python -m tests.trt.child SITE_PACKAGES GRAPH PRECISION STRONG

Prints JSON: `engine_bytes`, or `error`. PRECISION is `as-is`, or that of a form made first; STRONG
0 makes the form for TensorRT's generations with flags.
"""

import json
import sys
from pathlib import Path

import onnx

from edgedet.detect.engine import BatchProfile, BuildSettings
from edgedet.detect.engine.api import load_tensorrt
from edgedet.detect.engine.builder import Network, build_plan
from edgedet.detect.engine.forms import engine_graph, load_graph
from edgedet.errors import ModelError

PROFILE = BatchProfile(1, 2, 4)


def build(graph: Path, precision: str, *, strongly_typed: bool) -> int:
    """Size of the engine."""
    proto = load_graph(graph.read_bytes())
    shape = [size.dim_value for size in proto.graph.input[0].type.tensor_type.shape.dim[1:]]
    if precision != "as-is":
        proto = engine_graph(proto, precision, strongly_typed=strongly_typed)
        onnx.checker.check_model(proto, full_check=True)
    network = Network(
        proto.SerializeToString(),
        proto.graph.input[0].name,
        (shape[0], shape[1], shape[2]),
        precision,
    )
    plan = build_plan(load_tensorrt("tensorrt_rtx"), network, BuildSettings(PROFILE))
    return len(plan.engine)


def main() -> None:
    site_packages, graph, precision, strong = sys.argv[1:]
    sys.path.append(site_packages)
    try:
        size = build(Path(graph), precision, strongly_typed=strong == "1")
    except ModelError as exc:
        print(json.dumps({"error": str(exc)}))  # noqa: T201
    else:
        print(json.dumps({"engine_bytes": size}))  # noqa: T201


if __name__ == "__main__":
    main()
