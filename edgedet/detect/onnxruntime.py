"""ONNX Runtime on the CPU: the backend that is always there. The only file that imports it.

The import happens when a detector is made, so that a device with another backend starts without it.
"""

import importlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgedet.detect.cores import usable_cores
from edgedet.detect.graph_io import (
    TensorSpec,
    check_candidates,
    check_graph_io,
    check_images,
    first_line,
)
from edgedet.errors import ModelError
from edgedet.manifest import Bundle

BACKEND = "onnxruntime"

_DTYPES = {"tensor(uint8)": "uint8", "tensor(float)": "float32"}
_LOG_FATAL = 4  # its errors reach us as exceptions; it need not write them to stderr too


class OrtDetector:
    """A bundle's graph in an ONNX Runtime session. `max_batch` is not needed: any size runs."""

    def __init__(self, bundle: Bundle, *, threads: int = 0, max_batch: int = 1) -> None:
        """Load the graph.

        Args:
            bundle: The model.
            threads: Threads of the session; 0: one for each core that this process may use.
            max_batch: Part of the common form of detectors.

        Raises:
            ModelError: If ONNX Runtime is not installed, or cannot load the graph, or the graph
                is not the one that the manifest describes.
        """
        del max_batch
        self._bundle = bundle
        self._session: Any = _open_session(bundle, threads)
        inputs = tuple(_spec(node) for node in self._session.get_inputs())
        outputs = tuple(_spec(node) for node in self._session.get_outputs())
        check_graph_io(bundle, inputs, outputs)
        self._input_name = inputs[0].name
        self._output_names = [outputs[0].name]

    @property
    def backend(self) -> str:
        """`onnxruntime`."""
        return BACKEND

    def infer(self, images_nhwc: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Candidates of a batch; see `edgedet.detect.base.Detector`."""
        check_images(self._bundle, images_nhwc)
        if self._session is None:
            msg = f"the detector of model '{self._bundle.manifest.name}' is closed; make a new one"
            raise ModelError(msg)
        try:
            out = self._session.run(self._output_names, {self._input_name: images_nhwc})
        except Exception as exc:
            # Its exception classes share no base but Exception.
            msg = f"onnxruntime failed on a batch of {len(images_nhwc)}: {first_line(exc)}"
            raise ModelError(msg) from exc
        candidates = np.asarray(out[0], dtype=np.float32)
        check_candidates(self._bundle, candidates, len(images_nhwc))
        return candidates

    def close(self) -> None:
        """Free the session; may be called twice."""
        self._session = None


def _open_session(bundle: Bundle, threads: int) -> Any:  # noqa: ANN401 - untyped library
    try:
        ort = importlib.import_module(BACKEND)
    except ImportError as exc:
        msg = f"backend 'onnxruntime' cannot be imported ({exc}); `pip install onnxruntime`"
        raise ModelError(msg) from exc
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    options.intra_op_num_threads = threads or usable_cores()
    options.inter_op_num_threads = 1
    options.log_severity_level = _LOG_FATAL
    # A waiting thread that spins takes the core that the decoder needs; see docs/performance.md.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # Smaller shares of a layer: a thread that the decoder holds up does not hold up the other.
    options.add_session_config_entry("session.dynamic_block_base", "8")
    try:
        return ort.InferenceSession(
            str(bundle.model_path), sess_options=options, providers=["CPUExecutionProvider"]
        )
    except Exception as exc:  # its exception classes share no base but Exception
        msg = f"onnxruntime cannot load {bundle.model_path}: {first_line(exc)}; export it again"
        raise ModelError(msg) from exc


def _spec(node: Any) -> TensorSpec:  # noqa: ANN401 - untyped library
    shape = tuple(size if isinstance(size, int) else None for size in node.shape)
    return TensorSpec(node.name, _DTYPES.get(node.type, node.type), shape)
