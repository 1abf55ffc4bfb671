"""OpenVINO on the CPU: the fastest backend on x86. The only file of detection that knows it.

The import happens when a detector is made, so that a device with another backend starts without it.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgedet.detect.cores import saturates_int8, usable_cores
from edgedet.detect.graph_io import (
    TensorSpec,
    check_candidates,
    check_graph_io,
    check_images,
)
from edgedet.detect.openvino_int8 import drop_idle_activations, fuse_rounding, narrow_weights
from edgedet.detect.openvino_rounding import share_rounding
from edgedet.errors import ModelError
from edgedet.manifest import Bundle
from edgedet.openvino_library import load_openvino, openvino_core, openvino_reason

BACKEND = "openvino"

_DTYPES = {"u8": "uint8", "f32": "float32"}


class OpenVinoDetector:
    """A bundle's graph compiled by OpenVINO, once, for any batch size.

    One graph for each size was measured too: the same speed, and each keeps its own memory. A new
    size costs some 40 ms the first time.

    OpenVINO takes memory for the largest batch that it has seen, and keeps it. So that the memory
    of a service does not grow on the day when its cameras first come in a crowd, the largest is
    computed once at the start.
    """

    def __init__(
        self,
        bundle: Bundle,
        *,
        threads: int = 0,
        max_batch: int = 1,
        folders: Sequence[Path] = (),
    ) -> None:
        """Load and compile the graph.

        Args:
            bundle: The model.
            threads: Threads for inference; 0: one for each core that this process may use.
            max_batch: The largest batch to take memory for; larger ones run too.
            folders: Part of the common form of detectors.

        Raises:
            ModelError: If OpenVINO is not installed, or cannot load the graph, or the graph is not
                the one that the manifest describes.
        """
        del folders
        self._bundle = bundle
        self._ov = import_openvino()
        core = openvino_core()
        try:
            model = core.read_model(str(bundle.model_path))
        except RuntimeError as exc:
            msg = (
                f"openvino cannot load {bundle.model_path}: {openvino_reason(exc)}; export it again"
            )
            raise ModelError(msg) from exc
        inputs = tuple(_spec(port) for port in model.inputs)
        outputs = tuple(_spec(port) for port in model.outputs)
        check_graph_io(bundle, inputs, outputs)
        if fuse_rounding(self._ov, model):
            drop_idle_activations(model)
            share_rounding(self._ov, model)
        if saturates_int8():
            narrow_weights(self._ov, model)
        try:
            compiled = core.compile_model(model, "CPU", _settings(threads or usable_cores()))
            self._request: Any = compiled.create_infer_request()
        except RuntimeError as exc:
            msg = f"openvino cannot compile {bundle.model_path}: {openvino_reason(exc)}"
            raise ModelError(msg) from exc
        self.infer(np.zeros((max_batch, *bundle.input_hw, 3), dtype=np.uint8))

    @property
    def backend(self) -> str:
        """`openvino`."""
        return BACKEND

    def infer(self, images_nhwc: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Candidates of a batch; see `edgedet.detect.base.Detector`."""
        check_images(self._bundle, images_nhwc)
        if self._request is None:
            msg = f"the detector of model '{self._bundle.manifest.name}' is closed; make a new one"
            raise ModelError(msg)
        try:
            self._request.set_input_tensor(self._ov.Tensor(images_nhwc, shared_memory=True))
            self._request.infer()
            # A copy: the request writes its next answer into the same memory.
            candidates = np.array(self._request.get_output_tensor().data, dtype=np.float32)
        except RuntimeError as exc:
            msg = f"openvino failed on a batch of {len(images_nhwc)}: {openvino_reason(exc)}"
            raise ModelError(msg) from exc
        check_candidates(self._bundle, candidates, len(images_nhwc))
        return candidates

    def close(self) -> None:
        """Free the compiled graph; may be called twice."""
        self._request = None


def _settings(threads: int) -> dict[str, str]:
    return {
        "PERFORMANCE_HINT": "LATENCY",  # one request at a time, with all threads
        "NUM_STREAMS": "1",
        "INFERENCE_NUM_THREADS": str(threads),
        # Left alone it computes in bfloat16 on CPUs that can: scores would move by 1e-2.
        "INFERENCE_PRECISION_HINT": "f32",
    }


def import_openvino() -> Any:  # noqa: ANN401 - untyped library
    """The openvino module; see `edgedet.openvino_library.load_openvino`.

    Raises:
        ModelError: If OpenVINO is not installed.
    """
    try:
        return load_openvino()
    except ImportError as exc:
        msg = f"backend 'openvino' cannot be imported ({exc}); `pip install 'edgedet[openvino]'`"
        raise ModelError(msg) from exc


def _spec(port: Any) -> TensorSpec:  # noqa: ANN401 - untyped library
    dtype = port.get_element_type().get_type_name()
    sizes = tuple(
        None if size.is_dynamic else int(size.get_length()) for size in port.get_partial_shape()
    )
    return TensorSpec(port.get_any_name(), _DTYPES.get(dtype, dtype), sizes)
