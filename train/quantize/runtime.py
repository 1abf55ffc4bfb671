"""A graph in ONNX Runtime with some of its inner tensors as outputs. The only file that imports it.

Quantized graphs are computed in floats there, each rounding as written: what a table of scales
costs shows without any backend's own INT8.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper

from edgedet.errors import ModelError

_FATAL = 4  # its errors reach us as exceptions


class TappedGraph:
    """A graph that gives the float tensors asked for, instead of its own outputs."""

    def __init__(self, proto: onnx.ModelProto, tensors: Sequence[str], threads: int = 0) -> None:
        """Load a copy of `proto`.

        Args:
            proto: The graph; stays as it is.
            tensors: Names of float tensors in it.
            threads: Threads; 0: one for each core.

        Raises:
            ModelError: If ONNX Runtime cannot load it.
        """
        tapped = onnx.ModelProto()
        tapped.CopyFrom(proto)
        del tapped.graph.output[:]
        tapped.graph.output.extend(
            helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in tensors
        )
        import onnxruntime  # noqa: PLC0415 - its import writes into the home folder

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = _FATAL
        try:
            self._session: Any = onnxruntime.InferenceSession(
                tapped.SerializeToString(), options, providers=["CPUExecutionProvider"]
            )
        except Exception as exc:  # its exception classes share no base but Exception
            msg = f"onnxruntime cannot load the graph: {str(exc).splitlines()[0]}; export it again"
            raise ModelError(msg) from exc
        self._input = proto.graph.input[0].name
        self.tensors = tuple(tensors)

    def run(self, images_nhwc: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
        """The tensors of a batch (N, H, W, 3), in the order asked for.

        Raises:
            ModelError: If ONNX Runtime fails.
        """
        try:
            found: list[NDArray[np.float32]] = self._session.run(
                list(self.tensors), {self._input: images_nhwc}
            )
        except Exception as exc:
            msg = f"onnxruntime failed on {images_nhwc.shape}: {str(exc).splitlines()[0]}"
            raise ModelError(msg) from exc
        return found
