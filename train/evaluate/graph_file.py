"""A `model.onnx` without its bundle: what has to be known of it, read from the graph."""

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import onnx

from edgedet.errors import ModelError
from edgedet.manifest import (
    MANIFEST_FILE,
    MODEL_FILE,
    Bundle,
    InputSpec,
    Manifest,
    OutputSpec,
    file_entry,
    read_bundle,
    write_manifest,
)

_UNNAMED_CLASSES = 1000  # more than any data set of boxes that people train on
_FIELDS, _CHANNELS = 7, 3
_EXPECTED = "images: uint8 [N, H, W, 3] in and candidates: float32 [N, K, 7] out"


@contextmanager
def bundle_around(path: Path, class_names: Sequence[str] = ()) -> Iterator[Bundle]:
    """A bundle that holds the graph `path`: its own if it lies in one, else one made for now.

    Args:
        path: An ONNX file as `train export` writes it.
        class_names: Names by class id, where the graph lies alone; by default `class 0` and so on.

    Raises:
        ModelError: If the file cannot be read, or is another kind of graph: an ordinary YOLO export
            gives raw predictions, which no device of ours can take.
    """
    if path.name == MODEL_FILE and (path.parent / MANIFEST_FILE).is_file():
        yield read_bundle(path.parent)
        return
    height, width, count = _read_io(path)
    names = list(class_names) or [f"class {number}" for number in range(_UNNAMED_CLASSES)]
    with tempfile.TemporaryDirectory(prefix="edgedet-graph-") as folder:
        shutil.copyfile(path, Path(folder) / MODEL_FILE)
        manifest = Manifest(
            name="graph",
            version="0",
            class_names=names,
            precision="fp32",
            input=InputSpec(height=height, width=width),
            output=OutputSpec(count=count),
            files=[file_entry(Path(folder), MODEL_FILE)],
        )
        yield write_manifest(Path(folder), manifest)


def _read_io(path: Path) -> tuple[int, int, int]:
    """Height and width of the input, and the number of candidates.

    Raises:
        ModelError: If there is no such graph in the file.
    """
    try:
        graph = onnx.load(path, load_external_data=False).graph
    except OSError as exc:
        msg = f"cannot read graph {path}: {exc.strerror}"
        raise ModelError(msg) from exc
    except Exception as exc:  # protobuf's DecodeError; protobuf is no dependency of ours
        msg = f"{path} is not an ONNX file; expected one that `python -m train export` wrote"
        raise ModelError(msg) from exc
    weights = {one.name for one in graph.initializer}
    inputs = [one for one in graph.input if one.name not in weights]
    height, width, count = 0, 0, 0
    if len(inputs) == len(graph.output) == 1:
        shape, found = _shape(inputs[0]), _shape(graph.output[0])
        if len(shape) == 4 and shape[3] == _CHANNELS and len(found) == 3 and found[2] == _FIELDS:
            height, width, count = shape[1], shape[2], found[1]
    uint8 = bool(inputs) and inputs[0].type.tensor_type.elem_type == onnx.TensorProto.UINT8
    if not uint8 or min(height, width, count) < 1:
        told = f"{'; '.join(map(_text, inputs))} in and {'; '.join(map(_text, graph.output))} out"
        msg = (
            f"{path} is a graph of another kind: {told}, expected {_EXPECTED}; evaluate the "
            "checkpoint that it came from, or export that with `python -m train export`"
        )
        raise ModelError(msg)
    return height, width, count


def _shape(value: onnx.ValueInfoProto) -> list[int]:
    """Sizes; 0 for one that is free."""
    return [int(each.dim_value) for each in value.type.tensor_type.shape.dim]


def _text(value: onnx.ValueInfoProto) -> str:
    kind = onnx.TensorProto.DataType.Name(value.type.tensor_type.elem_type).lower()
    kind = {"float": "float32", "double": "float64"}.get(kind, kind)
    return f"{value.name}: {kind} [{', '.join(str(size or 'N') for size in _shape(value))}]"
