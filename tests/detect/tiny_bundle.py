"""A bundle of a few kilobytes with a real graph: it detects bright squares of a 16 px grid."""

from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from edgedet.manifest import (
    MODEL_FILE,
    Bundle,
    InputSpec,
    Manifest,
    OutputSpec,
    file_entry,
    write_manifest,
)

CELL_PX = 16
TINY_HW = (64, 96)
TINY_COUNT = 5
SLOW_ROUNDS, SLOW_SIDE = 200, 384


def make_tiny_bundle(
    folder: Path, image_hw: tuple[int, int] = TINY_HW, count: int = TINY_COUNT
) -> Bundle:
    """A bundle whose candidates are the `count` brightest cells, the score being the brightness."""
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(tiny_graph(image_hw, count), folder / MODEL_FILE)
    return describe(folder, image_hw, count)


def describe(folder: Path, image_hw: tuple[int, int] = TINY_HW, count: int = TINY_COUNT) -> Bundle:
    """Write the manifest for the `model.onnx` that lies in `folder`."""
    manifest = Manifest(
        name="tiny",
        version="1",
        class_names=["bright"],
        precision="fp32",
        input=InputSpec(height=image_hw[0], width=image_hw[1]),
        output=OutputSpec(count=count),
        files=[file_entry(folder, MODEL_FILE)],
    )
    return write_manifest(folder, manifest)


def tiny_graph(
    image_hw: tuple[int, int] = TINY_HW,
    count: int = TINY_COUNT,
    *,
    input_name: str = "images",
    output_name: str = "candidates",
    batch: int | str = "batch",
    cell_px: int = CELL_PX,
) -> onnx.ModelProto:
    """The graph: cast, mean over the colours, mean over each cell, top K, boxes of the winners."""
    rows, columns = image_hw[0] // cell_px, image_hw[1] // cell_px
    constants: dict[str, NDArray[np.float32] | NDArray[np.int64]] = {
        "cells": np.array([-1, rows * columns], np.int64),
        "k": np.array([count], np.int64),
        "full": np.array(255, np.float32),
        "boxes": _cell_boxes(rows, columns, cell_px),
        "last": np.array([2], np.int64),
        "zero": np.array(0, np.float32),
    }
    nodes = [
        helper.make_node("Cast", [input_name], ["pixels"], to=TensorProto.FLOAT),
        helper.make_node("Transpose", ["pixels"], ["planes"], perm=[0, 3, 1, 2]),
        helper.make_node("ReduceMean", ["planes"], ["grey"], axes=[1], keepdims=1),
        helper.make_node(
            "AveragePool", ["grey"], ["means"], kernel_shape=2 * [cell_px], strides=2 * [cell_px]
        ),
        helper.make_node("Reshape", ["means", "cells"], ["flat"]),
        helper.make_node("Div", ["flat", "full"], ["brightness"]),
        helper.make_node("TopK", ["brightness", "k"], ["scores", "ids"], axis=1, sorted=1),
        helper.make_node("Gather", ["boxes", "ids"], ["picked"], axis=0),
        helper.make_node("Unsqueeze", ["scores", "last"], ["column"]),
        helper.make_node("Mul", ["column", "zero"], ["none"]),
        helper.make_node("Concat", ["picked", "column", "none", "none"], [output_name], axis=2),
    ]
    images = helper.make_tensor_value_info(input_name, TensorProto.UINT8, [batch, *image_hw, 3])
    candidates = helper.make_tensor_value_info(output_name, TensorProto.FLOAT, [batch, count, 7])
    initializers = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "tiny", [images], [candidates], initializers)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def make_slow_bundle(folder: Path, rounds: int = SLOW_ROUNDS) -> Bundle:
    """The same answers, after `rounds` products of matrices: a detector that is too slow."""
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(_slow_graph(rounds), folder / MODEL_FILE)
    return describe(folder)


def _slow_graph(rounds: int) -> onnx.ModelProto:
    """Each round's matrices are zero, but made of the picture, so that nothing is folded away."""
    model = tiny_graph()
    matrix = (TensorProto.FLOAT, [SLOW_SIDE, SLOW_SIDE])
    value = helper.make_tensor_value_info
    body = helper.make_graph(
        [
            helper.make_node("MatMul", ["before", "matrix"], ["after"]),
            helper.make_node("Identity", ["goes_on"], ["still"]),
        ],
        "round",
        [
            value("number", TensorProto.INT64, []),
            value("goes_on", TensorProto.BOOL, []),
            value("before", *matrix),
        ],
        [value("still", TensorProto.BOOL, []), value("after", *matrix)],
    )
    constants = {
        "rounds": np.array(rounds, np.int64),
        "true": np.array(True),  # noqa: FBT003 - the value
        "side": np.array([SLOW_SIDE, SLOW_SIDE], np.int64),
    }
    answer = model.graph.node[-1].output
    answer[0] = "answer"
    model.graph.initializer.extend(numpy_helper.from_array(v, n) for n, v in constants.items())
    model.graph.node.extend(
        [
            helper.make_node("ReduceMean", ["brightness"], ["level"], keepdims=0),
            helper.make_node("Mul", ["level", "zero"], ["nothing"]),
            helper.make_node("Expand", ["nothing", "side"], ["matrix"]),
            helper.make_node("Loop", ["rounds", "true", "matrix"], ["toil"], body=body),
            helper.make_node("ReduceMean", ["toil"], ["rest"], keepdims=0),
            helper.make_node("Add", ["answer", "rest"], ["candidates"]),
        ]
    )
    return model


def bright_square(
    row: int, column: int, level: int = 255, image_hw: tuple[int, int] = TINY_HW
) -> NDArray[np.uint8]:
    """A black picture (H, W, 3) with one cell lit."""
    image = np.zeros((*image_hw, 3), dtype=np.uint8)
    image[row * CELL_PX : (row + 1) * CELL_PX, column * CELL_PX : (column + 1) * CELL_PX] = level
    return image


def _cell_boxes(rows: int, columns: int, cell_px: int) -> NDArray[np.float32]:
    y, x = np.mgrid[:rows, :columns].reshape(2, -1) * cell_px
    return np.stack([x, y, x + cell_px, y + cell_px], axis=1).astype(np.float32)
