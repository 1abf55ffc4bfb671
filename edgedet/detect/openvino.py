"""OpenVINO on the CPU: the fastest backend on x86. The only file that imports it.

The import happens when a detector is made, so that a device with another backend starts without it.
"""

import importlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgedet.detect.cores import usable_cores
from edgedet.detect.graph_io import TensorSpec, check_graph_io, check_images, first_line
from edgedet.errors import ModelError
from edgedet.manifest import Bundle

BACKEND = "openvino"

_DTYPES = {"u8": "uint8", "f32": "float32"}


class OpenVinoDetector:
    """A bundle's graph compiled by OpenVINO, once for each batch size that turns up.

    A graph compiled for one batch size runs faster than one for any (docs/performance.md), and
    compiling takes a fraction of a second, so sizes are compiled when first seen and kept.
    """

    def __init__(self, bundle: Bundle, *, threads: int = 0, max_batch: int = 1) -> None:
        """Load the graph and compile it for `max_batch` pictures.

        Args:
            bundle: The model.
            threads: Threads for inference; 0: one for each core that this process may use.
            max_batch: The batch size to be ready for.

        Raises:
            ModelError: If OpenVINO is not installed, or cannot load the graph, or the graph is not
                the one that the manifest describes.
        """
        self._bundle = bundle
        self._threads = threads or usable_cores()
        self._ov = _import()
        self._core = self._ov.Core()
        self._requests: dict[int, Any] = {}
        try:
            self._model = self._core.read_model(str(bundle.model_path))
        except RuntimeError as exc:
            msg = f"openvino cannot load {bundle.model_path}: {first_line(exc)}; export it again"
            raise ModelError(msg) from exc
        inputs = tuple(_spec(port) for port in self._model.inputs)
        outputs = tuple(_spec(port) for port in self._model.outputs)
        check_graph_io(bundle, inputs, outputs)
        self._requests[max_batch] = self._compile(max_batch)

    @property
    def backend(self) -> str:
        """`openvino`."""
        return BACKEND

    def infer(self, images_nhwc: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Candidates of a batch; see `edgedet.detect.base.Detector`."""
        check_images(self._bundle, images_nhwc)
        if self._model is None:
            msg = f"the detector of model '{self._bundle.manifest.name}' is closed; make a new one"
            raise ModelError(msg)
        batch = len(images_nhwc)
        if batch not in self._requests:
            self._requests[batch] = self._compile(batch)
        request = self._requests[batch]
        try:
            request.set_input_tensor(self._ov.Tensor(images_nhwc, shared_memory=True))
            request.infer()
            # A copy: the request writes its next answer into the same memory.
            return np.array(request.get_output_tensor().data, dtype=np.float32)
        except RuntimeError as exc:
            msg = f"openvino failed on a batch of {batch}: {first_line(exc)}"
            raise ModelError(msg) from exc

    def close(self) -> None:
        """Free the compiled graphs; may be called twice."""
        self._requests.clear()
        self._model = None

    def _compile(self, batch: int) -> Any:  # noqa: ANN401 - untyped library
        height, width = self._bundle.input_hw
        settings = {
            "PERFORMANCE_HINT": "LATENCY",  # one request at a time, with all threads
            "INFERENCE_NUM_THREADS": str(self._threads),
            "NUM_STREAMS": "1",
            # Left alone it computes in bfloat16 on CPUs that can: scores would move by 1e-2.
            "INFERENCE_PRECISION_HINT": "f32",
        }
        try:
            model = self._model.clone()
            model.reshape([batch, height, width, 3])
            return self._core.compile_model(model, "CPU", settings).create_infer_request()
        except RuntimeError as exc:
            msg = (
                f"openvino cannot compile {self._bundle.model_path} for {batch} pictures: "
                f"{first_line(exc)}"
            )
            raise ModelError(msg) from exc


def _import() -> Any:  # noqa: ANN401 - untyped library
    try:
        return importlib.import_module(BACKEND)
    except ImportError as exc:
        msg = f"backend 'openvino' cannot be imported ({exc}); `pip install 'edgedet[openvino]'`"
        raise ModelError(msg) from exc


def _spec(port: Any) -> TensorSpec:  # noqa: ANN401 - untyped library
    dtype = port.get_element_type().get_type_name()
    sizes = tuple(
        None if size.is_dynamic else int(size.get_length()) for size in port.get_partial_shape()
    )
    return TensorSpec(port.get_any_name(), _DTYPES.get(dtype, dtype), sizes)
