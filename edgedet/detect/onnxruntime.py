"""ONNX Runtime on the CPU: the backend that is always there. The only file that imports it.

The import happens when a detector is made, so that a device with another backend starts without it.
"""

import importlib
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgedet.detect.cores import usable_cores
from edgedet.detect.graph_io import (
    TensorSpec,
    check_candidates,
    check_graph_io,
    check_images,
)
from edgedet.detect.lanes import Lane, gather
from edgedet.errors import ModelError, first_line
from edgedet.manifest import Bundle

BACKEND = "onnxruntime"

_DTYPES = {"tensor(uint8)": "uint8", "tensor(float)": "float32"}
_LOG_FATAL = 4  # its errors reach us as exceptions; it need not write them to stderr too


class OrtDetector:
    """A bundle's graph in ONNX Runtime sessions.

    A single picture is computed by all threads together, for the least latency. A batch is dealt
    out to sessions of one thread each: the threads of one session wait for each other at every
    layer, and whatever holds one of them up, such as the decoder, holds up all
    (docs/performance.md).
    """

    def __init__(
        self,
        bundle: Bundle,
        *,
        threads: int = 0,
        max_batch: int = 1,
        folders: Sequence[Path] = (),
    ) -> None:
        """Load the graph.

        Args:
            bundle: The model.
            threads: Threads in all; 0: one for each core that this process may use.
            max_batch: The largest batch to be ready for; larger ones run too.
            folders: Part of the common form of detectors.

        Raises:
            ModelError: If ONNX Runtime is not installed, or cannot load the graph, or the graph
                is not the one that the manifest describes.
        """
        del folders
        self._bundle = bundle
        count = threads or usable_cores()
        self._session: Any = _open_session(bundle, count)
        inputs = tuple(_spec(node) for node in self._session.get_inputs())
        outputs = tuple(_spec(node) for node in self._session.get_outputs())
        check_graph_io(bundle, inputs, outputs)
        self._input_name = inputs[0].name
        self._output_names = [outputs[0].name]
        self._singles: list[Any] = []
        self._lanes: list[Lane] = []
        if 1 < count <= max_batch:
            self._singles = [_open_session(bundle, 1) for _ in range(count)]
            self._lanes = [
                Lane(f"onnxruntime-{number}", partial(self._run, session))
                for number, session in enumerate(self._singles[1:], start=1)
            ]

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
            candidates = self._deal_out(images_nhwc)
        except Exception as exc:
            # Its exception classes share no base but Exception.
            msg = f"onnxruntime failed on a batch of {len(images_nhwc)}: {first_line(exc)}"
            raise ModelError(msg) from exc
        check_candidates(self._bundle, candidates, len(images_nhwc))
        return candidates

    def close(self) -> None:
        """Free the model; may be called twice."""
        for lane in self._lanes:
            lane.close()
        self._lanes, self._singles, self._session = [], [], None

    def _deal_out(self, images_nhwc: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Equal shares to the sessions of one thread; what is left over to all threads together."""
        share = len(images_nhwc) // len(self._singles) if self._singles else 0
        if share == 0:
            return self._run(self._session, images_nhwc)
        for number, lane in enumerate(self._lanes, start=1):
            lane.submit(images_nhwc[number * share : (number + 1) * share])
        try:
            answers = [self._run(self._singles[0], images_nhwc[:share])]
        finally:
            others = gather(self._lanes)
        answers += others
        if rest := len(images_nhwc) % len(self._singles):
            answers.append(self._run(self._session, images_nhwc[-rest:]))
        return np.concatenate(answers)

    def _run(self, session: Any, images_nhwc: NDArray[np.uint8]) -> NDArray[np.float32]:  # noqa: ANN401
        out = session.run(self._output_names, {self._input_name: images_nhwc})
        return np.asarray(out[0], dtype=np.float32)


def _open_session(bundle: Bundle, threads: int) -> Any:  # noqa: ANN401 - untyped library
    try:
        ort = importlib.import_module(BACKEND)
    except ImportError as exc:
        msg = f"backend 'onnxruntime' cannot be imported ({exc}); `pip install onnxruntime`"
        raise ModelError(msg) from exc
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    options.intra_op_num_threads = threads
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
