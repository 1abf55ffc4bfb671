"""What a detector needs of CUDA, whichever binding provides it.

Everything here belongs to the thread that opened the `Cuda`, and is freed there. Whatever fails
raises ModelError in the words of `edgedet.detect.cuda.failure`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class DeviceInfo:
    """The GPU. `is_integrated`: it shares the memory of the CPU, as on Tegra.

    Boards of one family share name and compute capability; `multiprocessors` tells them apart.
    """

    name: str
    compute_capability: tuple[int, int]
    multiprocessors: int
    is_integrated: bool
    memory_bytes: int

    @property
    def sm(self) -> str:
        """As in `sm_87`."""
        return "sm_{}{}".format(*self.compute_capability)


class Stream(Protocol):
    """A queue of work on the GPU. `handle` is its number, as TensorRT wants it."""

    @property
    def handle(self) -> int:
        """The driver's own number of the stream."""
        ...

    def synchronize(self) -> None:
        """Wait until all its work is done."""
        ...

    def free(self) -> None:
        """Give it back; may be called twice."""
        ...


class Event(Protocol):
    """A mark in a stream that others can wait for."""

    def record(self, stream: Stream) -> None:
        """Put the mark behind all work that `stream` has now."""
        ...

    def delay(self, stream: Stream) -> None:
        """Let all later work of `stream` wait for the mark."""
        ...

    def synchronize(self) -> None:
        """Wait here for the mark."""
        ...

    def free(self) -> None:
        """Give it back; may be called twice."""
        ...


class Memory(Protocol):
    """Bytes of a tensor, page-locked on the host, and where the GPU finds them.

    On a GPU with memory of its own there are two copies, and `upload` and `download` move them.
    An integrated GPU reads the host's bytes (mapped memory), and both do nothing.
    """

    @property
    def host(self) -> NDArray[np.uint8]:
        """The host's bytes, flat; not to be used after `free`."""
        ...

    @property
    def address(self) -> int:
        """Where the GPU finds the bytes."""
        ...

    def upload(self, size_bytes: int, stream: Stream) -> None:
        """Queue a copy of the first `size_bytes` from host to GPU."""
        ...

    def download(self, size_bytes: int, stream: Stream) -> None:
        """Queue a copy of the first `size_bytes` from GPU to host."""
        ...

    def free(self) -> None:
        """Give both copies back; may be called twice."""
        ...


class Graph(Protocol):
    """Work that was captured once and is queued as a whole."""

    def launch(self, stream: Stream) -> None:
        """Queue the work."""
        ...

    def free(self) -> None:
        """Give it back; may be called twice."""
        ...


Capture = Callable[[Stream, Callable[[], None]], Graph]
"""Runs the callable, which queues work on the stream, and keeps the work instead of doing it."""


class Cuda(Protocol):
    """The first GPU, its primary context current on the thread that opened it."""

    @property
    def binding(self) -> str:
        """The library behind it, as in `pycuda`."""
        ...

    @property
    def device(self) -> DeviceInfo:
        """The GPU."""
        ...

    @property
    def capture(self) -> Capture | None:
        """How to capture a graph; None: this binding cannot."""
        ...

    def allocate(self, size_bytes: int) -> Memory:
        """Memory for a tensor, mapped where the GPU is integrated."""
        ...

    def create_stream(self) -> Stream:
        """A stream that does not wait for the default one."""
        ...

    def create_event(self) -> Event:
        """An event without time keeping."""
        ...

    def close(self) -> None:
        """Leave the GPU; everything must have been freed. May be called twice."""
        ...
