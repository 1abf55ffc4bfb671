"""CUDA through pycuda, which is compiled on the device. It has no CUDA graphs.

The only file that imports it, and only when the GPU is opened.
"""

import importlib
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgedet.detect.cuda.base import Capture, DeviceInfo, Event, Memory, Stream
from edgedet.detect.cuda.failure import cuda_error, no_device_error, size_text
from edgedet.errors import ModelError

logger = logging.getLogger(__name__)

BINDING = "pycuda"
_NON_BLOCKING = 1  # CU_STREAM_NON_BLOCKING, for which pycuda has no name


def open_device() -> "PyCuda":
    """The first GPU, its primary context made current on this thread.

    Raises:
        ModelError: If pycuda cannot be imported, or there is no driver or no GPU.
    """
    try:
        driver = importlib.import_module("pycuda.driver")
        driver.init()
        gpu = driver.Device(0)
    except Exception as exc:  # without libcuda.so its import fails, with it its errors are its own
        raise no_device_error(BINDING, exc) from exc
    return PyCuda(driver, gpu)


class PyCuda:
    """See `edgedet.detect.cuda.base.Cuda`."""

    def __init__(self, driver: Any, gpu: Any) -> None:  # noqa: ANN401 - untyped library
        """Retain the primary context, which torch and TensorRT use too."""
        self._driver = driver
        with _told(driver, "opening the GPU"):
            self._device = _describe(driver, gpu)
            self._context = gpu.retain_primary_context()
            self._context.push()

    @property
    def binding(self) -> str:
        """`pycuda`."""
        return BINDING

    @property
    def device(self) -> DeviceInfo:
        """The GPU."""
        return self._device

    @property
    def capture(self) -> Capture | None:
        """None: pycuda cannot."""
        return None

    def allocate(self, size_bytes: int) -> Memory:
        """Memory for a tensor."""
        return _PyCudaMemory(self._driver, size_bytes, is_mapped=self._device.is_integrated)

    def create_stream(self) -> Stream:
        """A stream that does not wait for the default one."""
        return _PyCudaStream(self._driver)

    def create_event(self) -> Event:
        """An event without time keeping."""
        return _PyCudaEvent(self._driver)

    def close(self) -> None:
        """Leave the GPU; may be called twice."""
        if self._context is not None:
            context, self._context = self._context, None
            # while it is current, and by name: dropped, it would be given back as an ordinary
            # context, which leaves the primary one held (seen in pycuda 2026.1)
            _release(self._driver, context.detach)


class _PyCudaStream:
    def __init__(self, driver: Any) -> None:  # noqa: ANN401 - untyped library
        self._driver = driver
        with _told(driver, "making a stream"):
            self.native = driver.Stream(_NON_BLOCKING)
            self.handle = int(self.native.handle)

    def synchronize(self) -> None:
        with _told(self._driver, "waiting for the GPU"):
            self.native.synchronize()

    def free(self) -> None:
        self.native = None


class _PyCudaEvent:
    def __init__(self, driver: Any) -> None:  # noqa: ANN401 - untyped library
        self._driver = driver
        with _told(driver, "making an event"):
            self._event = driver.Event(driver.event_flags.DISABLE_TIMING)

    def record(self, stream: Stream) -> None:
        with _told(self._driver, "marking a stream"):
            self._event.record(_native(stream))

    def delay(self, stream: Stream) -> None:
        with _told(self._driver, "ordering streams"):
            _native(stream).wait_for_event(self._event)

    def synchronize(self) -> None:
        with _told(self._driver, "waiting for the GPU"):
            self._event.synchronize()

    def free(self) -> None:
        self._event = None


class _PyCudaMemory:
    def __init__(self, driver: Any, size_bytes: int, *, is_mapped: bool) -> None:  # noqa: ANN401
        self._driver = driver
        self._own: Any = None
        self._pages: Any = None
        flags = driver.host_alloc_flags.DEVICEMAP if is_mapped else 0
        with _told(driver, f"allocating {size_text(size_bytes)}"):
            try:
                if not is_mapped:  # first: see the other binding
                    self._own = driver.mem_alloc(size_bytes)
                self.host: NDArray[np.uint8] = driver.pagelocked_empty(
                    size_bytes, np.uint8, mem_flags=flags
                )
                self._pages = self.host.base
                self.address = int(self._pages.get_device_pointer() if is_mapped else self._own)
            except driver.Error:
                self.free()
                raise

    def upload(self, size_bytes: int, stream: Stream) -> None:
        if self._own is not None:
            with _told(self._driver, "copying to the GPU"):
                part = self.host[:size_bytes]
                self._driver.memcpy_htod_async(self._own, part, _native(stream))

    def download(self, size_bytes: int, stream: Stream) -> None:
        if self._own is not None:
            with _told(self._driver, "copying from the GPU"):
                part = self.host[:size_bytes]
                self._driver.memcpy_dtoh_async(part, self._own, _native(stream))

    def free(self) -> None:
        if self._own is not None:
            own, self._own = self._own, None
            _release(self._driver, own.free)
        if self._pages is not None:
            pages, self._pages = self._pages, None
            _release(self._driver, pages.free)


def _describe(driver: Any, gpu: Any) -> DeviceInfo:  # noqa: ANN401 - untyped library
    major, minor = gpu.compute_capability()
    attributes = driver.device_attribute
    return DeviceInfo(
        name=str(gpu.name()).strip(),
        compute_capability=(int(major), int(minor)),
        multiprocessors=int(gpu.get_attribute(attributes.MULTIPROCESSOR_COUNT)),
        is_integrated=bool(gpu.get_attribute(attributes.INTEGRATED)),
        memory_bytes=int(gpu.total_memory()),
    )


def _native(stream: Stream) -> Any:  # noqa: ANN401 - untyped library
    """The stream of pycuda itself; it takes no numbers."""
    if not isinstance(stream, _PyCudaStream):
        msg = f"a stream of {type(stream).__name__} was given to {BINDING}; use one binding at once"
        raise ModelError(msg)
    return stream.native


def _release(driver: Any, free: Callable[[], object]) -> None:  # noqa: ANN401 - untyped library
    """Free something; what fails then failed before, and was told then."""
    try:
        free()
    except driver.Error as exc:
        logger.debug("freeing: %s", exc)


@contextmanager
def _told(driver: Any, doing: str) -> Iterator[None]:  # noqa: ANN401 - untyped library
    try:
        yield
    except driver.Error as exc:
        raise cuda_error(doing, str(exc)) from exc
