"""OpenVINO IR: for programs that want `model.xml` and `model.bin`. edgedet itself reads the ONNX.

Written by OpenVINO's own ONNX front end, which is what its converter calls for an ONNX file. The
converter's module would report its use over the network when it is imported; it is not needed.
"""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgedet.errors import ModelError, first_line
from edgedet.openvino_library import load_openvino, openvino_core
from train.formats.base import Origin

SUFFIX = ".xml"


def convert(origin: Origin, path: Path) -> None:
    """Read the ONNX graph and write `path` with its `.bin` beside it.

    Weights stay float16 as they are in the ONNX file; the rest of the graph keeps its float32,
    since compressing it would round anchors and cells too.

    Raises:
        ModelError: If OpenVINO is not installed or does not take the graph.
    """
    library = _library()
    with tempfile.TemporaryDirectory(prefix="edgedet-export-") as folder:
        onnx = Path(folder) / "model.onnx"
        origin.write_onnx(onnx)
        try:
            model = openvino_core().read_model(str(onnx))
            library.save_model(model, str(path), compress_to_fp16=False)
        except RuntimeError as exc:
            msg = f"openvino cannot convert the graph: {first_line(exc)}"
            raise ModelError(msg) from exc


class OpenVinoModel:
    """An IR on the processor, in float32 as `edgedet.detect.openvino` runs it."""

    backend = "openvino-ir"
    device = "cpu"

    def __init__(self, path: Path) -> None:
        """Load and compile the file.

        Raises:
            ModelError: If OpenVINO is not installed, or the file is none of ours.
        """
        _library()
        core = openvino_core()
        try:
            model = core.read_model(str(path))
            height, width = (int(model.input().partial_shape[i].get_length()) for i in (1, 2))
            settings = {"INFERENCE_PRECISION_HINT": "f32"}
            self._compiled: Any = core.compile_model(model, "CPU", settings)
        except RuntimeError as exc:
            msg = f"{path} is no OpenVINO IR of `train export --format openvino`: {first_line(exc)}"
            raise ModelError(msg) from exc
        self._input_hw = height, width

    @property
    def input_hw(self) -> tuple[int, int]:
        """Height and width of the pictures."""
        return self._input_hw

    @property
    def threads(self) -> int:
        """Threads of the processor that compute."""
        return int(self._compiled.get_property("INFERENCE_NUM_THREADS"))

    def infer(self, images_nhwc: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Candidates (N, K, 7)."""
        try:
            found = self._compiled([images_nhwc])[self._compiled.output(0)]
        except RuntimeError as exc:
            msg = f"openvino failed on a batch of {len(images_nhwc)}: {first_line(exc)}"
            raise ModelError(msg) from exc
        return np.array(found, dtype=np.float32)


def _library() -> Any:  # noqa: ANN401 - untyped library
    try:
        return load_openvino()
    except ImportError as exc:
        msg = f"format openvino needs OpenVINO ({exc}); `pip install 'edgedet[openvino]'`"
        raise ModelError(msg) from exc
