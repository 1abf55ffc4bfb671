"""An engine at work: its context, its streams, and the ring of slots through which batches go.

One path for TensorRT 8.6 to 11: named tensors and `execute_async_v3`. Created, used and closed on
one thread, to which the CUDA context belongs.
"""

import logging
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from edgedet.detect.cuda import Cuda, Stream
from edgedet.detect.cuda.failure import cuda_error
from edgedet.detect.engine.api import TensorRT
from edgedet.detect.engine.profile import BatchProfile
from edgedet.detect.engine.ring import SLOTS, Slot, make_slot
from edgedet.detect.graph_io import CANDIDATE_FIELDS, TensorSpec, check_graph_io, expected_io
from edgedet.errors import ModelError
from edgedet.manifest import Bundle

logger = logging.getLogger(__name__)

_FLOAT_BYTES = 4


class EngineSession:
    """A deserialized engine, ready for batches of any size: they are split to fit its profile."""

    def __init__(self, plan: bytes, bundle: Bundle, cuda: Cuda, api: TensorRT) -> None:
        """Deserialize `plan` and allocate all that a run needs.

        Raises:
            ModelError: If TensorRT does not take the plan, it is not the bundle's graph, or the
                GPU has no room for it.
        """
        self._cuda, self._api = cuda, api
        self._thread = threading.get_ident()
        self._images, self._candidates = (spec.name for spec in expected_io(bundle))
        self._input_hw = bundle.input_hw
        self._count = bundle.manifest.output.count
        self._slots: list[Slot] = []
        self._streams: list[Stream] = []
        self._engine: Any = None
        self._context: Any = None
        self._runtime: Any = api.trt.Runtime(api.logger)
        self._captures = cuda.capture is not None
        try:
            self._open(plan, bundle)
        except BaseException:
            self.close()
            raise

    @property
    def profile(self) -> BatchProfile:
        """The batch sizes that the engine was made for."""
        return self._profile

    @property
    def uses_graphs(self) -> bool:
        """Whether runs are captured as CUDA graphs."""
        return self._captures

    def infer(self, images_nhwc: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Candidates (N, K, 7) of pictures (N, H, W, 3).

        Raises:
            ModelError: If the GPU or TensorRT fails, or this is not the thread that made it.
        """
        self._check_thread()
        if self._context is None:
            msg = "the engine is closed; open it again"
            raise ModelError(msg)
        answers = np.empty((len(images_nhwc), self._count, CANDIDATE_FIELDS), np.float32)
        waiting: deque[tuple[Slot, int, int]] = deque()
        for number, (start, stop) in enumerate(shares(len(images_nhwc), self._profile)):
            slot = self._slots[number % SLOTS]
            if len(waiting) == SLOTS:
                _collect(*waiting.popleft(), answers)
            self._submit(slot, images_nhwc[start:stop])
            waiting.append((slot, start, stop))
        while waiting:
            _collect(*waiting.popleft(), answers)
        return answers

    def close(self) -> None:
        """Free everything, on the thread that made it; may be called twice.

        Raises:
            ModelError: On another thread, where CUDA would free nothing.
        """
        self._check_thread()
        for stream in self._streams:
            with suppress(ModelError):  # what failed was told where it failed
                stream.synchronize()
        for slot in self._slots:
            slot.free()
        for stream in self._streams:
            stream.free()
        self._slots, self._streams = [], []
        # in this order: each needs the next one until it is gone
        self._context = None
        self._engine = None
        self._runtime = None

    def _open(self, plan: bytes, bundle: Bundle) -> None:
        self._engine = self._runtime.deserialize_cuda_engine(plan)
        if self._engine is None:
            self._fail("loading the engine")
        check_graph_io(bundle, *_interface(self._engine, self._api.trt))
        self._profile = self._read_profile()
        self._context = self._engine.create_execution_context()
        if self._context is None:
            self._fail("making an execution context")
        for _ in range(3):
            self._streams.append(self._cuda.create_stream())
        self._upload, self._compute, self._download = self._streams
        height, width = self._input_hw
        largest = self._profile.largest
        for _ in range(SLOTS):
            images_bytes = largest * height * width * 3
            answer_bytes = largest * self._count * CANDIDATE_FIELDS * _FLOAT_BYTES
            self._slots.append(make_slot(self._cuda, images_bytes, answer_bytes))

    def _read_profile(self) -> BatchProfile:
        shapes = self._engine.get_tensor_profile_shape(self._images, 0)
        smallest, best, largest = (int(shape[0]) for shape in shapes)
        return BatchProfile(smallest, best, largest)

    def _submit(self, slot: Slot, images_nhwc: NDArray[np.uint8]) -> None:
        """Queue a share: up, compute, down, each on its own stream, behind the one before."""
        slot.images.host[: images_nhwc.nbytes] = images_nhwc.reshape(-1)
        slot.images.upload(images_nhwc.nbytes, self._upload)
        slot.uploaded.record(self._upload)
        slot.uploaded.delay(self._compute)
        # fewer than the engine takes are filled up with what the slot has; nobody looks at these
        self._run(slot, max(len(images_nhwc), self._profile.smallest))
        slot.computed.record(self._compute)
        slot.computed.delay(self._download)
        answer_bytes = len(images_nhwc) * self._count * CANDIDATE_FIELDS * _FLOAT_BYTES
        slot.candidates.download(answer_bytes, self._download)
        slot.downloaded.record(self._download)

    def _run(self, slot: Slot, count: int) -> None:
        """Queue the computation: as a graph, from the third time on that a slot has this size."""
        graph = slot.graphs.get(count)
        if graph is not None:
            graph.launch(self._compute)
            return
        self._prepare(slot, count)
        self._enqueue()
        if count in slot.seen and self._captures:
            # after a change of shape TensorRT sets things up in a run that must not be captured:
            # the run above was that, and the context has this shape and these addresses now
            self._capture(slot, count)
        slot.seen.add(count)

    def _prepare(self, slot: Slot, count: int) -> None:
        """Tell the context shape and addresses of the next run."""
        context = self._context
        accepted = context.set_input_shape(self._images, (count, *self._input_hw, 3))
        accepted &= context.set_tensor_address(self._images, slot.images.address)
        accepted &= context.set_tensor_address(self._candidates, slot.candidates.address)
        if not accepted:
            self._fail(f"preparing a batch of {count}")

    def _enqueue(self) -> None:
        if not self._context.execute_async_v3(self._compute.handle):
            self._fail("running the engine")

    def _capture(self, slot: Slot, count: int) -> None:
        """Keep the run as a graph; if it cannot be captured, none is tried again."""
        capture = self._cuda.capture
        if capture is None:
            return
        try:
            slot.graphs[count] = capture(self._compute, self._enqueue)
        except ModelError as exc:
            logger.warning("no CUDA graphs for this engine, each run is queued anew: %s", exc)
            self._captures = False
            self._api.last_words()  # told now, and not with the next failure

    def _fail(self, doing: str) -> NoReturn:
        raise cuda_error(doing, self._api.last_words(), f"TensorRT {self._api.version}")

    def _check_thread(self) -> None:
        if threading.get_ident() != self._thread:
            msg = "a GPU engine was used on another thread than the one that made it"
            raise ModelError(msg)


def shares(count: int, profile: BatchProfile) -> Iterator[tuple[int, int]]:
    """Where the parts of a batch begin and end: nearly equal ones.

    While one part is computed, the next is copied. None is below the size that the engine is tuned
    for unless the whole batch is, and none is above the largest.

    >>> list(shares(9, BatchProfile(1, 4, 8)))
    [(0, 5), (5, 9)]
    """
    parts = max(count // profile.best, -(-count // profile.largest))
    base, extra = divmod(count, parts)
    start = 0
    for number in range(parts):
        stop = start + base + (number < extra)
        yield start, stop
        start = stop


def _collect(slot: Slot, start: int, stop: int, answers: NDArray[np.float32]) -> None:
    """Wait for a share and take its answer."""
    slot.downloaded.synchronize()
    part = answers[start:stop]
    part[...] = slot.candidates.host[: part.nbytes].view(np.float32).reshape(part.shape)


def _interface(engine: Any, trt: Any) -> tuple[tuple[TensorSpec, ...], tuple[TensorSpec, ...]]:  # noqa: ANN401
    """Inputs and outputs of an engine."""
    words = {trt.DataType.UINT8: "uint8", trt.DataType.FLOAT: "float32"}
    found: dict[bool, list[TensorSpec]] = {True: [], False: []}
    for index in range(engine.num_io_tensors):
        name = engine.get_tensor_name(index)
        dtype = engine.get_tensor_dtype(name)
        shape = tuple(None if size < 0 else int(size) for size in engine.get_tensor_shape(name))
        is_input = engine.get_tensor_mode(name) == trt.TensorIOMode.INPUT
        found[is_input].append(TensorSpec(name, words.get(dtype, str(dtype)), shape))
    return tuple(found[True]), tuple(found[False])
