"""Both bindings against one set of rules: `edgedet.detect.cuda.base`."""

import threading
from collections.abc import Iterator

import numpy as np
import pytest

from edgedet.detect.cuda import Cuda, open_cuda
from edgedet.errors import ModelError
from tests.detect.cuda import fake_bindings
from tests.detect.cuda.fake_gpu import FakeGpu

SIZE = 64


@pytest.fixture(params=fake_bindings.BINDINGS)
def binding(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch, binding: str) -> FakeGpu:
    gpu = FakeGpu()
    fake_bindings.install(monkeypatch, binding, gpu)
    return gpu


@pytest.fixture
def cuda(gpu: FakeGpu) -> Iterator[Cuda]:
    cuda = open_cuda()
    yield cuda
    cuda.close()
    gpu.assert_clean()


def test_tells_what_the_gpu_is(gpu: FakeGpu, cuda: Cuda) -> None:
    device = cuda.device
    assert (device.name, device.compute_capability, device.sm) == ("Fake GPU", (8, 7), "sm_87")
    assert (device.memory_bytes, device.multiprocessors) == (gpu.memory_bytes, 16)
    assert not device.is_integrated


def test_no_device_is_told_before_anything_else(
    monkeypatch: pytest.MonkeyPatch, binding: str
) -> None:
    gpu = FakeGpu(fail={"cuInit": "NO_DEVICE"})
    fake_bindings.install(monkeypatch, binding, gpu)
    with pytest.raises(ModelError, match=f"no NVIDIA GPU can be used here.*{binding}"):
        open_cuda()
    assert gpu.calls == ["cuInit"]
    gpu.assert_clean()


def test_what_goes_up_comes_down(gpu: FakeGpu, cuda: Cuda) -> None:
    first, second = cuda.allocate(SIZE), cuda.allocate(SIZE)
    stream = cuda.create_stream()
    first.host[:] = np.arange(SIZE, dtype=np.uint8)
    first.upload(SIZE, stream)
    copy = lambda: np.copyto(gpu.view(second.address, SIZE), gpu.view(first.address, SIZE))  # noqa: E731
    gpu.launch(stream.handle, copy)
    second.download(SIZE // 2, stream)
    stream.synchronize()

    assert second.host[: SIZE // 2].tolist() == list(range(SIZE // 2))
    assert gpu.copies == [("up", SIZE), ("down", SIZE // 2)]
    for each in (first, second, stream):
        each.free()
        each.free()


def test_an_integrated_gpu_copies_nothing(monkeypatch: pytest.MonkeyPatch, binding: str) -> None:
    gpu = FakeGpu(is_integrated=True)
    fake_bindings.install(monkeypatch, binding, gpu)
    cuda = open_cuda()
    memory, stream = cuda.allocate(SIZE), cuda.create_stream()
    memory.host[:] = 5
    memory.upload(SIZE, stream)
    memory.download(SIZE, stream)
    assert gpu.view(memory.address, SIZE).tolist() == [5] * SIZE
    assert (gpu.copies, gpu.device) == ([], {})
    memory.free()
    stream.free()
    del stream
    cuda.close()
    gpu.assert_clean()


def test_events_order_streams(gpu: FakeGpu, cuda: Cuda) -> None:
    before, after, event = cuda.create_stream(), cuda.create_stream(), cuda.create_event()
    done: list[str] = []
    gpu.launch(before.handle, lambda: done.append("before"))
    event.record(before)
    event.delay(after)
    gpu.launch(after.handle, lambda: done.append("after"))
    after.synchronize()
    event.synchronize()

    assert done == ["before", "after"]
    for each in (before, after, event):
        each.free()
        each.free()


def test_a_copy_beyond_the_block_is_refused(cuda: Cuda) -> None:
    memory, stream = cuda.allocate(SIZE), cuda.create_stream()
    if cuda.binding == "pycuda":
        memory.upload(SIZE + 1, stream)  # it copies arrays, and the array ends there
    else:
        with pytest.raises(AssertionError, match="a copy of 65 bytes"):
            memory.upload(SIZE + 1, stream)
    stream.synchronize()
    memory.free()
    stream.free()


@pytest.mark.parametrize("half", ["cuMemAlloc", "cuMemHostAlloc"])
def test_no_memory_for_one_half_leaves_nothing(gpu: FakeGpu, cuda: Cuda, half: str) -> None:
    gpu.fail[half] = "OUT_OF_MEMORY"
    with pytest.raises(ModelError, match=r"no memory left for allocating 0\.0 MiB"):
        cuda.allocate(SIZE)
    assert (gpu.device, gpu.host) == ({}, {})


def test_what_the_gpu_has_not_is_told_before_pages_are_pinned(gpu: FakeGpu, cuda: Cuda) -> None:
    gpu.memory_bytes = SIZE - 1
    with pytest.raises(ModelError, match=r"no memory left for allocating 0\.0 MiB"):
        cuda.allocate(SIZE)
    assert "cuMemHostAlloc" not in gpu.calls


def test_a_lost_context_is_told_and_can_be_left(
    monkeypatch: pytest.MonkeyPatch, binding: str
) -> None:
    gpu = FakeGpu()
    fake_bindings.install(monkeypatch, binding, gpu)
    cuda = open_cuda()
    memory, stream = cuda.allocate(SIZE), cuda.create_stream()
    gpu.lost = "ILLEGAL_ADDRESS"
    with pytest.raises(ModelError, match="cannot use the GPU any more: restart edgedet"):
        stream.synchronize()
    memory.free()
    stream.free()
    cuda.close()


def test_another_thread_has_no_context(cuda: Cuda) -> None:
    errors: list[Exception] = []

    def allocate() -> None:
        try:
            cuda.allocate(SIZE)
        except ModelError as exc:
            errors.append(exc)

    thread = threading.Thread(target=allocate)
    thread.start()
    thread.join()
    assert "context" in str(errors[0]).lower()


def test_captured_work_runs_at_every_launch(gpu: FakeGpu, cuda: Cuda) -> None:
    if cuda.capture is None:
        assert cuda.binding == "pycuda"
        return
    stream = cuda.create_stream()
    done: list[int] = []
    graph = cuda.capture(stream, lambda: gpu.launch(stream.handle, lambda: done.append(1)))
    stream.synchronize()
    assert done == []
    graph.launch(stream)
    graph.launch(stream)
    stream.synchronize()
    assert done == [1, 1]
    graph.free()
    graph.free()
    stream.free()


def test_a_capture_that_fails_ends(gpu: FakeGpu, cuda: Cuda) -> None:
    if cuda.capture is None:
        return
    stream = cuda.create_stream()

    def fail() -> None:
        msg = "no"
        raise ModelError(msg)

    with pytest.raises(ModelError, match="no"):
        cuda.capture(stream, fail)
    assert (gpu.capturing, gpu.graphs) == ({}, {})
    stream.synchronize()
    stream.free()
