"""Bundles made wrong on purpose, each with a real graph."""

from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from edgedet.manifest import MODEL_FILE, Bundle, file_entry, read_bundle, write_manifest
from tests.detect.tiny_bundle import describe, tiny_graph


def make_blind_bundle(folder: Path) -> Bundle:
    """It answers in time, and sees nothing: every score is 0."""
    graph = tiny_graph()
    scale = next(each for each in graph.graph.initializer if each.name == "full")
    scale.CopyFrom(numpy_helper.from_array(np.array(1e9, np.float32), "full"))
    return _bundle(folder, graph)


def make_fragile_bundle(folder: Path) -> Bundle:
    """It fails on pictures with a bright cell: an index leads out of a table."""
    graph = tiny_graph()
    limits: dict[str, NDArray[np.float32] | NDArray[np.int64]] = {
        "bright": np.array(0.75, np.float32),
        "far": np.array(10_000, np.int64),
    }
    graph.graph.initializer.extend(numpy_helper.from_array(v, n) for n, v in limits.items())
    gather = next(index for index, node in enumerate(graph.graph.node) if node.op_type == "Gather")
    graph.graph.node[gather].input[1] = "ids_or_worse"
    nodes = [
        helper.make_node("Greater", ["scores", "bright"], ["is_bright"]),
        helper.make_node("Cast", ["is_bright"], ["one"], to=TensorProto.INT64),
        helper.make_node("Mul", ["one", "far"], ["offset"]),
        helper.make_node("Add", ["ids", "offset"], ["ids_or_worse"]),
    ]
    for offset, node in enumerate(nodes):
        graph.graph.node.insert(gather + offset, node)
    return _bundle(folder, graph)


def make_misshapen_bundle(folder: Path) -> Bundle:
    """The manifest names another number of candidates than the graph gives."""
    _bundle(folder, tiny_graph(count=7))
    return _rewritten(folder)


def make_broken_bundle(folder: Path) -> Bundle:
    """The digests are right, and the graph is none."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MODEL_FILE).write_bytes(b"no graph at all")
    return _rewritten(folder)


def _bundle(folder: Path, graph: onnx.ModelProto) -> Bundle:
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(graph, folder / MODEL_FILE)
    return _rewritten(folder)


def _rewritten(folder: Path) -> Bundle:
    """With a manifest whose version is the folder's name."""
    describe(folder)
    manifest = read_bundle(folder).manifest
    files = [file_entry(folder, MODEL_FILE)]
    changes = {"version": folder.name, "files": files}
    return write_manifest(folder, manifest.model_copy(update=changes))
