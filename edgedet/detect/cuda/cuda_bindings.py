"""CUDA through NVIDIA's cuda-bindings: wheels for x86-64 and Jetson, and CUDA graphs.

The only file that imports it, and only when the GPU is opened.
"""

import ctypes
import importlib
import logging
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgedet.detect.cuda.base import Capture, DeviceInfo, Event, Graph, Memory, Stream
from edgedet.detect.cuda.failure import cuda_error, no_device_error, size_text
from edgedet.errors import ModelError

logger = logging.getLogger(__name__)

BINDING = "cuda-bindings"
_NAME_BYTES = 256


def open_device() -> "BindingsCuda":
    """The first GPU, its primary context made current on this thread.

    Raises:
        ModelError: If the binding cannot be imported, or there is no driver or no GPU.
    """
    try:
        driver = importlib.import_module("cuda.bindings.driver")
        (code,) = driver.cuInit(0)
    except Exception as exc:  # without libcuda.so its errors have no common base
        raise no_device_error(BINDING, exc) from exc
    if code != driver.CUresult.CUDA_SUCCESS:
        raise no_device_error(BINDING, _name(code))
    return BindingsCuda(_Driver(driver))


class _Driver:
    """The driver's functions, with their codes turned into errors."""

    def __init__(self, module: Any) -> None:  # noqa: ANN401 - untyped library
        self.names = module

    def call(self, doing: str, function: str, *arguments: object) -> Any:  # noqa: ANN401
        """The function's one value; None if it has none."""
        code, *values = getattr(self.names, function)(*arguments)
        if code != self.names.CUresult.CUDA_SUCCESS:
            raise cuda_error(doing, _name(code))
        return values[0] if values else None

    def release(self, function: str, *arguments: object) -> None:
        """Free something; what fails then failed before, and was told then."""
        (code, *_) = getattr(self.names, function)(*arguments)
        if code != self.names.CUresult.CUDA_SUCCESS:
            logger.debug("%s: %s", function, _name(code))


class BindingsCuda:
    """See `edgedet.detect.cuda.base.Cuda`."""

    def __init__(self, driver: _Driver) -> None:
        """Retain the primary context, which torch and TensorRT use too."""
        self._driver = driver
        self._gpu = driver.call("opening the GPU", "cuDeviceGet", 0)
        self._device = self._describe()
        context = driver.call("opening the GPU", "cuDevicePrimaryCtxRetain", self._gpu)
        self._is_open = True
        driver.call("opening the GPU", "cuCtxPushCurrent", context)

    @property
    def binding(self) -> str:
        """`cuda-bindings`."""
        return BINDING

    @property
    def device(self) -> DeviceInfo:
        """The GPU."""
        return self._device

    @property
    def capture(self) -> Capture | None:
        """How to capture a graph."""
        return self._capture

    def allocate(self, size_bytes: int) -> Memory:
        """Memory for a tensor."""
        return _BindingsMemory(self._driver, size_bytes, is_mapped=self._device.is_integrated)

    def create_stream(self) -> Stream:
        """A stream that does not wait for the default one."""
        return _BindingsStream(self._driver)

    def create_event(self) -> Event:
        """An event without time keeping."""
        return _BindingsEvent(self._driver)

    def close(self) -> None:
        """Leave the GPU; may be called twice."""
        if self._is_open:
            self._is_open = False
            self._driver.release("cuCtxPopCurrent")
            self._driver.release("cuDevicePrimaryCtxRelease", self._gpu)

    def _describe(self) -> DeviceInfo:
        attributes = self._driver.names.CUdevice_attribute

        def ask(name: str) -> int:
            attribute = getattr(attributes, f"CU_DEVICE_ATTRIBUTE_{name}")
            return int(
                self._driver.call("opening the GPU", "cuDeviceGetAttribute", attribute, self._gpu)
            )

        name = self._driver.call("opening the GPU", "cuDeviceGetName", _NAME_BYTES, self._gpu)
        total = self._driver.call("opening the GPU", "cuDeviceTotalMem", self._gpu)
        return DeviceInfo(
            name=bytes(name).split(b"\0")[0].decode(errors="replace").strip(),
            compute_capability=(
                ask("COMPUTE_CAPABILITY_MAJOR"),
                ask("COMPUTE_CAPABILITY_MINOR"),
            ),
            multiprocessors=ask("MULTIPROCESSOR_COUNT"),
            is_integrated=bool(ask("INTEGRATED")),
            memory_bytes=int(total),
        )

    def _capture(self, stream: Stream, work: Callable[[], None]) -> Graph:
        names, call = self._driver.names, self._driver.call
        doing = "capturing a CUDA graph"
        # thread-local: what other threads do meanwhile is none of this capture's business
        mode = names.CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_THREAD_LOCAL
        call(doing, "cuStreamBeginCapture", stream.handle, mode)
        try:
            work()
        except ModelError:
            code, graph, *_ = names.cuStreamEndCapture(stream.handle)
            if code == names.CUresult.CUDA_SUCCESS:
                self._driver.release("cuGraphDestroy", graph)
            raise
        graph = call(doing, "cuStreamEndCapture", stream.handle)
        try:
            return _BindingsGraph(self._driver, call(doing, "cuGraphInstantiate", graph, 0))
        finally:
            self._driver.release("cuGraphDestroy", graph)


class _BindingsStream:
    def __init__(self, driver: _Driver) -> None:
        flag = driver.names.CUstream_flags.CU_STREAM_NON_BLOCKING
        self._driver = driver
        self._stream = driver.call("making a stream", "cuStreamCreate", flag)
        self.handle = int(self._stream)

    def synchronize(self) -> None:
        self._driver.call("waiting for the GPU", "cuStreamSynchronize", self._stream)

    def free(self) -> None:
        if self._stream is not None:
            stream, self._stream = self._stream, None
            self._driver.release("cuStreamDestroy", stream)


class _BindingsEvent:
    def __init__(self, driver: _Driver) -> None:
        flag = driver.names.CUevent_flags.CU_EVENT_DISABLE_TIMING
        self._driver = driver
        self._event = driver.call("making an event", "cuEventCreate", flag)

    def record(self, stream: Stream) -> None:
        self._driver.call("marking a stream", "cuEventRecord", self._event, stream.handle)

    def delay(self, stream: Stream) -> None:
        self._driver.call("ordering streams", "cuStreamWaitEvent", stream.handle, self._event, 0)

    def synchronize(self) -> None:
        self._driver.call("waiting for the GPU", "cuEventSynchronize", self._event)

    def free(self) -> None:
        if self._event is not None:
            event, self._event = self._event, None
            self._driver.release("cuEventDestroy", event)


class _BindingsGraph:
    def __init__(self, driver: _Driver, executable: object) -> None:
        self._driver = driver
        self._executable: object | None = executable

    def launch(self, stream: Stream) -> None:
        self._driver.call("launching a graph", "cuGraphLaunch", self._executable, stream.handle)

    def free(self) -> None:
        if self._executable is not None:
            executable, self._executable = self._executable, None
            self._driver.release("cuGraphExecDestroy", executable)


class _BindingsMemory:
    def __init__(self, driver: _Driver, size_bytes: int, *, is_mapped: bool) -> None:
        self._driver = driver
        self._own: Any = None
        self._pointer: int | None = None
        doing = f"allocating {size_text(size_bytes)}"
        flag = driver.names.CU_MEMHOSTALLOC_DEVICEMAP if is_mapped else 0
        try:
            if not is_mapped:  # first: what a GPU has not is told before as many pages are pinned
                self._own = driver.call(doing, "cuMemAlloc", size_bytes)
            pointer = int(driver.call(doing, "cuMemHostAlloc", size_bytes, flag))
            self._pointer = pointer
            if is_mapped:
                self.address = int(driver.call(doing, "cuMemHostGetDevicePointer", pointer, 0))
            else:
                self.address = int(self._own)
        except ModelError:
            self.free()
            raise
        bytes_type = ctypes.c_uint8 * size_bytes
        self.host: NDArray[np.uint8] = np.ctypeslib.as_array(bytes_type.from_address(pointer))

    def upload(self, size_bytes: int, stream: Stream) -> None:
        if self._own is not None:
            arguments = (self._own, self._pointer, size_bytes, stream.handle)
            self._driver.call("copying to the GPU", "cuMemcpyHtoDAsync", *arguments)

    def download(self, size_bytes: int, stream: Stream) -> None:
        if self._own is not None:
            arguments = (self._pointer, self._own, size_bytes, stream.handle)
            self._driver.call("copying from the GPU", "cuMemcpyDtoHAsync", *arguments)

    def free(self) -> None:
        if self._own is not None:
            own, self._own = self._own, None
            self._driver.release("cuMemFree", own)
        if self._pointer is not None:
            pointer, self._pointer = self._pointer, None
            self._driver.release("cuMemFreeHost", pointer)


def _name(code: Any) -> str:  # noqa: ANN401 - untyped library
    return str(getattr(code, "name", code))
