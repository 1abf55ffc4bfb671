"""Modules that look like cuda.bindings.driver and pycuda.driver, over one `FakeGpu`."""

import enum
import importlib.machinery
import sys
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.detect.cuda.fake_gpu import Bytes, FakeCudaError, FakeGpu

BINDINGS = ("cuda-bindings", "pycuda")


class CUresult(enum.IntEnum):
    CUDA_SUCCESS = 0
    CUDA_ERROR_INVALID_VALUE = 1
    CUDA_ERROR_OUT_OF_MEMORY = 2
    CUDA_ERROR_NO_DEVICE = 100
    CUDA_ERROR_INVALID_CONTEXT = 201
    CUDA_ERROR_ECC_UNCORRECTABLE = 214
    CUDA_ERROR_ILLEGAL_ADDRESS = 700
    CUDA_ERROR_LAUNCH_FAILED = 719
    CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED = 900
    CUDA_ERROR_UNKNOWN = 999


# what cuGetErrorString says, and pycuda with it
TEXTS = {
    "INVALID_VALUE": "invalid argument",
    "OUT_OF_MEMORY": "out of memory",
    "NO_DEVICE": "no CUDA-capable device is detected",
    "INVALID_CONTEXT": "invalid device context",
    "ECC_UNCORRECTABLE": "uncorrectable ECC error encountered",
    "ILLEGAL_ADDRESS": "an illegal memory access was encountered",
    "LAUNCH_FAILED": "unspecified launch failure",
    "STREAM_CAPTURE_UNSUPPORTED": "operation not permitted when stream is capturing",
    "UNKNOWN": "unknown error",
}


def install(monkeypatch: pytest.MonkeyPatch, binding: str, gpu: FakeGpu) -> None:
    """Make `binding` the only one that can be imported."""
    hide(monkeypatch)
    if binding == "pycuda":
        modules = {"pycuda": ModuleType("pycuda"), "pycuda.driver": pycuda_driver(gpu)}
    else:
        modules = {
            "cuda": ModuleType("cuda"),
            "cuda.bindings": ModuleType("cuda.bindings"),
            "cuda.bindings.driver": bindings_driver(gpu),
        }
    for name, module in modules.items():
        module.__spec__ = importlib.machinery.ModuleSpec(name, None)
        module.__path__ = []
        monkeypatch.setitem(sys.modules, name, module)


def hide(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no binding be installed."""
    for name in ("cuda", "cuda.bindings", "cuda.bindings.driver", "pycuda", "pycuda.driver"):
        monkeypatch.setitem(sys.modules, name, None)


def _attributes(gpu: FakeGpu) -> dict[str, int]:
    major, minor = gpu.capability
    return {
        "major": major,
        "minor": minor,
        "integrated": int(gpu.is_integrated),
        "multiprocessors": gpu.multiprocessors,
    }


# --- cuda.bindings.driver


def bindings_driver(gpu: FakeGpu) -> ModuleType:
    module = ModuleType("cuda.bindings.driver")
    functions = _Functions(gpu)
    for name in dir(functions):
        if name.startswith("cu"):
            setattr(module, name, _coded(gpu, name, getattr(functions, name)))
    attributes = {
        "CUresult": CUresult,
        "CU_MEMHOSTALLOC_DEVICEMAP": 2,
        "CUstream_flags": SimpleNamespace(CU_STREAM_NON_BLOCKING=1),
        "CUevent_flags": SimpleNamespace(CU_EVENT_DISABLE_TIMING=2),
        "CUstreamCaptureMode": SimpleNamespace(CU_STREAM_CAPTURE_MODE_THREAD_LOCAL=1),
        "CUdevice_attribute": SimpleNamespace(
            CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR="major",
            CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR="minor",
            CU_DEVICE_ATTRIBUTE_INTEGRATED="integrated",
            CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT="multiprocessors",
        ),
    }
    for name, value in attributes.items():
        setattr(module, name, value)
    return module


def _coded(gpu: FakeGpu, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """As the binding has it: a tuple of code and value, no exception."""
    needs_context = not name.startswith(("cuInit", "cuDevice", "cuCtxPush"))

    def call(*arguments: object) -> tuple[object, ...]:
        try:
            gpu.enter(name, needs_context=needs_context)
            value = function(*arguments)
        except FakeCudaError as exc:
            return (CUresult[f"CUDA_ERROR_{exc.code}"], None)
        return (CUresult.CUDA_SUCCESS,) if value is None else (CUresult.CUDA_SUCCESS, value)

    def init(*arguments: object) -> tuple[object, ...]:
        return call(*arguments)[:1]

    return init if name == "cuInit" else call


class _Functions:
    def __init__(self, gpu: FakeGpu) -> None:
        self._gpu = gpu

    def cuInit(self, flags: int) -> None:  # noqa: N802
        assert flags == 0

    def cuDeviceGet(self, ordinal: int) -> int:  # noqa: N802
        return ordinal

    def cuDeviceGetName(self, size: int, _gpu: int) -> bytes:  # noqa: N802
        return self._gpu.name.encode().ljust(size, b"\0")

    def cuDeviceTotalMem(self, _gpu: int) -> int:  # noqa: N802
        return self._gpu.memory_bytes

    def cuDeviceGetAttribute(self, attribute: str, _gpu: int) -> int:  # noqa: N802
        return _attributes(self._gpu)[attribute]

    def cuDevicePrimaryCtxRetain(self, _gpu: int) -> int:  # noqa: N802
        self._gpu.retained += 1
        return 1

    def cuDevicePrimaryCtxRelease(self, _gpu: int) -> None:  # noqa: N802
        self._gpu.retained -= 1

    def cuCtxPushCurrent(self, _context: int) -> None:  # noqa: N802
        self._gpu.push()

    def cuCtxPopCurrent(self) -> int:  # noqa: N802
        self._gpu.pop()
        return 1

    def cuMemAlloc(self, size: int) -> int:  # noqa: N802
        return self._gpu.allocate(size)

    def cuMemFree(self, address: int) -> None:  # noqa: N802
        self._gpu.free(address)

    def cuMemHostAlloc(self, size: int, flags: int) -> int:  # noqa: N802
        return self._gpu.allocate_host(size, is_mapped=flags == 2)

    def cuMemFreeHost(self, pointer: int) -> None:  # noqa: N802
        self._gpu.free_host(pointer)

    def cuMemHostGetDevicePointer(self, pointer: int, flags: int) -> int:  # noqa: N802
        assert flags == 0
        return self._gpu.device_pointer(pointer)

    def cuMemcpyHtoDAsync(self, to: int, source: int, size: int, stream: int) -> None:  # noqa: N802
        self._gpu.upload(to, source, size, stream)

    def cuMemcpyDtoHAsync(self, to: int, source: int, size: int, stream: int) -> None:  # noqa: N802
        self._gpu.download(to, source, size, stream)

    def cuStreamCreate(self, flags: int) -> int:  # noqa: N802
        assert flags == 1, "a stream that waits for the default one"
        return self._gpu.create_stream()

    def cuStreamSynchronize(self, stream: int) -> None:  # noqa: N802
        self._gpu.synchronize(stream)

    def cuStreamDestroy(self, stream: int) -> None:  # noqa: N802
        self._gpu.destroy_stream(stream)

    def cuStreamWaitEvent(self, stream: int, event: int, flags: int) -> None:  # noqa: N802
        assert flags == 0
        self._gpu.delay(stream, event)

    def cuEventCreate(self, flags: int) -> int:  # noqa: N802
        assert flags == 2, "an event that keeps time"
        return self._gpu.create_event()

    def cuEventRecord(self, event: int, stream: int) -> None:  # noqa: N802
        self._gpu.record(event, stream)

    def cuEventSynchronize(self, event: int) -> None:  # noqa: N802
        self._gpu.wait(event)

    def cuEventDestroy(self, event: int) -> None:  # noqa: N802
        self._gpu.destroy_event(event)

    def cuStreamBeginCapture(self, stream: int, mode: int) -> None:  # noqa: N802
        assert mode == 1
        self._gpu.begin_capture(stream)

    def cuStreamEndCapture(self, stream: int) -> list[Callable[[], None]]:  # noqa: N802
        return self._gpu.end_capture(stream)

    def cuGraphInstantiate(self, graph: list[Callable[[], None]], flags: int) -> int:  # noqa: N802
        assert flags == 0
        handle = self._gpu.number()
        self._gpu.graphs[handle] = graph
        return handle

    def cuGraphDestroy(self, _graph: object) -> None:  # noqa: N802
        """The template; the executable one has a copy."""

    def cuGraphLaunch(self, graph: int, stream: int) -> None:  # noqa: N802
        self._gpu.launch_graph(graph, stream)

    def cuGraphExecDestroy(self, graph: int) -> None:  # noqa: N802
        assert graph in self._gpu.graphs, "a graph was destroyed twice"
        del self._gpu.graphs[graph]


# --- pycuda.driver


class _Error(Exception):
    """pycuda.driver.Error."""


class _MemoryError(_Error):
    """pycuda.driver.MemoryError."""


def pycuda_driver(gpu: FakeGpu) -> ModuleType:
    module = ModuleType("pycuda.driver")
    attributes = {
        "Error": _Error,
        "MemoryError": _MemoryError,
        "init": lambda: _call(gpu, "cuInit", lambda: None, needs_context=False),
        "Device": lambda ordinal: _Device(gpu, ordinal),
        "Stream": lambda flags: _Stream(gpu, flags),
        "Event": lambda flags: _Event(gpu, flags),
        "device_attribute": SimpleNamespace(
            INTEGRATED="integrated", MULTIPROCESSOR_COUNT="multiprocessors"
        ),
        "event_flags": SimpleNamespace(DISABLE_TIMING=2),
        "host_alloc_flags": SimpleNamespace(DEVICEMAP=2),
        "mem_alloc": lambda size: _Block(gpu, size),
        "pagelocked_empty": lambda size, dtype, mem_flags=0: _pages(gpu, size, dtype, mem_flags),
        "memcpy_htod_async": lambda to, source, stream: _call(
            gpu,
            "cuMemcpyHtoDAsync",
            lambda: gpu.upload(int(to), source.ctypes.data, source.nbytes, stream.handle),
        ),
        "memcpy_dtoh_async": lambda to, source, stream: _call(
            gpu,
            "cuMemcpyDtoHAsync",
            lambda: gpu.download(to.ctypes.data, int(source), to.nbytes, stream.handle),
        ),
    }
    for name, value in attributes.items():
        setattr(module, name, value)
    return module


def _call(
    gpu: FakeGpu, name: str, function: Callable[[], Any], *, needs_context: bool = True
) -> Any:  # noqa: ANN401
    try:
        gpu.enter(name, needs_context=needs_context)
        return function()
    except FakeCudaError as exc:
        kind = _MemoryError if exc.code == "OUT_OF_MEMORY" else _Error
        msg = f"{name} failed: {TEXTS[exc.code]}"
        raise kind(msg) from exc


class _Device:
    def __init__(self, gpu: FakeGpu, ordinal: int) -> None:
        assert ordinal == 0
        _call(gpu, "cuDeviceGet", lambda: None, needs_context=False)
        self._gpu = gpu

    def name(self) -> str:
        return self._gpu.name

    def compute_capability(self) -> tuple[int, int]:
        return self._gpu.capability

    def total_memory(self) -> int:
        return self._gpu.memory_bytes

    def get_attribute(self, attribute: str) -> int:
        return _attributes(self._gpu)[attribute]

    def retain_primary_context(self) -> "_Context":
        return _Context(self._gpu)


class _Context:
    def __init__(self, gpu: FakeGpu) -> None:
        self._gpu = gpu
        self._is_held = True
        gpu.retained += 1

    def push(self) -> None:
        self._gpu.push()

    def detach(self) -> None:
        def release() -> None:
            self._is_held = False
            self._gpu.pop()
            self._gpu.retained -= 1

        _call(self._gpu, "cuDevicePrimaryCtxRelease", release)

    def __del__(self) -> None:
        # the real one calls cuCtxDetach here, which is wrong for a primary context
        assert not self._is_held or self._gpu.lost, "the primary context was dropped, not detached"


class _Stream:
    def __init__(self, gpu: FakeGpu, flags: int) -> None:
        assert flags == 1, "a stream that waits for the default one"
        self._gpu = gpu
        self.handle = 0
        self.handle = _call(gpu, "cuStreamCreate", gpu.create_stream)

    def synchronize(self) -> None:
        _call(self._gpu, "cuStreamSynchronize", lambda: self._gpu.synchronize(self.handle))

    def wait_for_event(self, event: "_Event") -> None:
        _call(self._gpu, "cuStreamWaitEvent", lambda: self._gpu.delay(self.handle, event.handle))

    def __del__(self) -> None:
        if self.handle:
            self._gpu.destroy_stream(self.handle)


class _Event:
    def __init__(self, gpu: FakeGpu, flags: int) -> None:
        assert flags == 2, "an event that keeps time"
        self._gpu = gpu
        self.handle = 0
        self.handle = _call(gpu, "cuEventCreate", gpu.create_event)

    def record(self, stream: _Stream) -> "_Event":
        _call(self._gpu, "cuEventRecord", lambda: self._gpu.record(self.handle, stream.handle))
        return self

    def synchronize(self) -> "_Event":
        _call(self._gpu, "cuEventSynchronize", lambda: self._gpu.wait(self.handle))
        return self

    def __del__(self) -> None:
        if self.handle:
            self._gpu.destroy_event(self.handle)


class _Block:
    """pycuda.driver.DeviceAllocation."""

    def __init__(self, gpu: FakeGpu, size: int) -> None:
        self._gpu = gpu
        self._address = _call(gpu, "cuMemAlloc", lambda: gpu.allocate(size))

    def __int__(self) -> int:
        return int(self._address)

    def free(self) -> None:
        _call(self._gpu, "cuMemFree", lambda: self._gpu.free(self._address))


class _Pages:
    """pycuda.driver.HostAllocation: what a page-locked array is based on."""

    def __init__(self, gpu: FakeGpu, size: int, flags: int) -> None:
        self._gpu = gpu
        self._pointer = _call(
            gpu, "cuMemHostAlloc", lambda: gpu.allocate_host(size, is_mapped=flags == 2)
        )
        block: Bytes = gpu.host[self._pointer]
        self.__array_interface__ = block.__array_interface__

    def get_device_pointer(self) -> int:
        return int(
            _call(
                self._gpu,
                "cuMemHostGetDevicePointer",
                lambda: self._gpu.device_pointer(self._pointer),
            )
        )

    def free(self) -> None:
        _call(self._gpu, "cuMemFreeHost", lambda: self._gpu.free_host(self._pointer))


def _pages(gpu: FakeGpu, size: int, dtype: type, flags: int) -> NDArray[np.uint8]:
    assert dtype is np.uint8
    return np.asarray(_Pages(gpu, size, flags))
