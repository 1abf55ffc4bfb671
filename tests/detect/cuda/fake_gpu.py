"""A GPU of numpy arrays under CUDA's rules: whoever breaks one gets an AssertionError.

Streams do nothing until somebody waits for them, so that an answer read too early, or a buffer
filled too early, shows as wrong numbers. Memory is filled with a pattern at first.
"""

import itertools
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
POISON = 0xCC


class FakeCudaError(Exception):
    """A call failed; `code` as in `OUT_OF_MEMORY`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(eq=False)
class Mark:
    """A recorded event: a place in a stream."""

    stream: int
    is_done: bool = False


@dataclass
class FakeGpu:
    """The state of the whole driver. `fail`: code of the next call of that name."""

    name: str = "Fake GPU"
    capability: tuple[int, int] = (8, 7)
    multiprocessors: int = 16
    is_integrated: bool = False
    memory_bytes: int = 1 << 30
    fail: dict[str, str] = field(default_factory=dict)
    lost: str = ""
    device: dict[int, Bytes] = field(default_factory=dict)
    host: dict[int, Bytes] = field(default_factory=dict)
    mapped: dict[int, int] = field(default_factory=dict)
    streams: dict[int, deque[Callable[[], None]]] = field(default_factory=dict)
    events: dict[int, Mark | None] = field(default_factory=dict)
    graphs: dict[int, list[Callable[[], None]]] = field(default_factory=dict)
    capturing: dict[int, list[Callable[[], None]]] = field(default_factory=dict)
    contexts: dict[int, int] = field(default_factory=dict)
    retained: int = 0
    copies: list[tuple[str, int]] = field(default_factory=list)
    launches: int = 0
    calls: list[str] = field(default_factory=list)
    busiest: int = 0
    buried: list[Bytes] = field(default_factory=list)
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    # --- rules that hold for every call

    def enter(self, call: str, *, needs_context: bool = True) -> None:
        self.calls.append(call)
        if self.lost:
            raise FakeCudaError(self.lost)
        if call in self.fail:
            raise FakeCudaError(self.fail.pop(call))
        if needs_context and not self.contexts.get(threading.get_ident()):
            code = "INVALID_CONTEXT"
            raise FakeCudaError(code)

    def number(self, step: int = 1) -> int:
        return next(self._numbers) * step

    def assert_clean(self) -> None:
        """Everything was given back."""
        left = {
            "device memory": self.device,
            "host memory": self.host,
            "streams": self.streams,
            "events": self.events,
            "graphs": self.graphs,
            "contexts": {thread: count for thread, count in self.contexts.items() if count},
        }
        assert {what: kept for what, kept in left.items() if kept} == {}
        assert self.retained == 0, "the primary context was not released"

    # --- contexts

    def push(self) -> None:
        thread = threading.get_ident()
        self.contexts[thread] = self.contexts.get(thread, 0) + 1

    def pop(self) -> None:
        thread = threading.get_ident()
        assert self.contexts.get(thread, 0) > 0, "no context to pop on this thread"
        self.contexts[thread] -= 1

    # --- memory

    def allocate(self, size: int) -> int:
        used = sum(len(block) for block in self.device.values())
        if used + size > self.memory_bytes:
            code = "OUT_OF_MEMORY"
            raise FakeCudaError(code)
        address = 0x7000_0000_0000 + self.number(1 << 24)
        self.device[address] = np.full(size, POISON, np.uint8)
        return address

    def free(self, address: int) -> None:
        assert address in self.device, f"free of device memory {address:#x}, which is not held"
        del self.device[address]

    def allocate_host(self, size: int, *, is_mapped: bool) -> int:
        block = np.full(size, POISON, np.uint8)
        pointer = block.ctypes.data
        self.host[pointer] = block
        if is_mapped:
            self.mapped[0x6000_0000_0000 + self.number(1 << 24)] = pointer
        return pointer

    def free_host(self, pointer: int) -> None:
        assert pointer in self.host, f"free of host memory {pointer:#x}, which is not held"
        # kept alive, poisoned: who still looks at it sees that it is gone
        self.buried.append(self.host.pop(pointer))
        self.buried[-1][:] = POISON
        self.mapped = {key: value for key, value in self.mapped.items() if value != pointer}

    def device_pointer(self, pointer: int) -> int:
        found = [key for key, value in self.mapped.items() if value == pointer]
        assert found, "the device pointer of memory that is not mapped"
        return found[0]

    def view(self, address: int, size: int) -> Bytes:
        """The bytes that a kernel would see."""
        block = self.device.get(address)
        if block is None and address in self.mapped:
            block = self.host.get(self.mapped[address])
        assert block is not None, f"a kernel uses {address:#x}, which is not allocated (any more)"
        assert size <= len(block), f"a kernel uses {size} bytes of a block of {len(block)}"
        return block[:size]

    def host_view(self, pointer: int, size: int) -> Bytes:
        block = self.host.get(pointer)
        assert block is not None, f"a copy uses host memory {pointer:#x}, which is not held"
        assert size <= len(block), f"a copy of {size} bytes uses a host block of {len(block)}"
        return block[:size]

    def upload(self, address: int, pointer: int, size: int, stream: int) -> None:
        self.host_view(pointer, size)  # sizes are told at once
        self.view(address, size)

        def copy() -> None:
            self.view(address, size)[:] = self.host_view(pointer, size)

        self.copies.append(("up", size))
        self.launch(stream, copy)

    def download(self, pointer: int, address: int, size: int, stream: int) -> None:
        self.host_view(pointer, size)
        self.view(address, size)

        def copy() -> None:
            self.host_view(pointer, size)[:] = self.view(address, size)

        self.copies.append(("down", size))
        self.launch(stream, copy)

    # --- streams, events, graphs

    def create_stream(self) -> int:
        handle = self.number(0x100)
        self.streams[handle] = deque()
        return handle

    def destroy_stream(self, handle: int) -> None:
        assert handle in self.streams, "a stream was destroyed twice"
        self.synchronize(handle)
        del self.streams[handle]

    def launch(self, handle: int, work: Callable[[], None]) -> None:
        """Queue work, or keep it while the stream is captured."""
        assert handle in self.streams, f"stream {handle:#x} is not there (any more)"
        if handle in self.capturing:
            self.capturing[handle].append(work)
            return
        self.streams[handle].append(work)
        self.busiest = max(self.busiest, sum(1 for queue in self.streams.values() if queue))

    def synchronize(self, handle: int) -> None:
        if handle in self.capturing:
            code = "STREAM_CAPTURE_UNSUPPORTED"
            raise FakeCudaError(code)
        queue = self.streams[handle]
        while queue:
            queue.popleft()()

    def create_event(self) -> int:
        handle = self.number(0x100)
        self.events[handle] = None
        return handle

    def destroy_event(self, handle: int) -> None:
        assert handle in self.events, "an event was destroyed twice"
        del self.events[handle]

    def record(self, event: int, stream: int) -> None:
        mark = Mark(stream)
        self.events[event] = mark

        def finish() -> None:
            mark.is_done = True

        self.launch(stream, finish)

    def delay(self, stream: int, event: int) -> None:
        mark = self.events[event]
        assert mark is not None, "a stream waits for an event that nobody recorded"
        self.launch(stream, lambda: self._reach(mark))

    def wait(self, event: int) -> None:
        mark = self.events[event]
        assert mark is not None, "somebody waits for an event that nobody recorded"
        self._reach(mark)

    def _reach(self, mark: Mark) -> None:
        queue = self.streams.get(mark.stream)
        while not mark.is_done:
            assert queue, "an event never comes: its stream has nothing left to do"
            queue.popleft()()

    def begin_capture(self, stream: int) -> None:
        assert stream not in self.capturing
        self.capturing[stream] = []

    def end_capture(self, stream: int) -> list[Callable[[], None]]:
        return self.capturing.pop(stream)

    def launch_graph(self, graph: int, stream: int) -> None:
        assert graph in self.graphs, "a graph was launched after it was destroyed"
        self.launches += 1
        for work in self.graphs[graph]:
            self.launch(stream, work)
