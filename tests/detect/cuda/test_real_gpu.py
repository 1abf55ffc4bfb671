"""The bindings on a real GPU; skipped without one."""

import importlib
import importlib.util
from collections.abc import Iterator

import numpy as np
import pytest

from edgedet.detect.cuda import Cuda
from edgedet.errors import ModelError

pytestmark = pytest.mark.gpu
MIB = 1 << 20


@pytest.fixture(params=["cuda_bindings", "pycuda"])
def cuda(request: pytest.FixtureRequest) -> Iterator[Cuda]:
    try:
        opened: Cuda = importlib.import_module(f"edgedet.detect.cuda.{request.param}").open_device()
    except ModelError as exc:
        pytest.skip(str(exc))
    yield opened
    opened.close()


def test_what_goes_up_comes_down(cuda: Cuda) -> None:
    memory, up, down = cuda.allocate(8 * MIB), cuda.create_stream(), cuda.create_stream()
    event = cuda.create_event()
    sent = np.random.default_rng(1).integers(0, 256, 8 * MIB, np.uint8)
    memory.host[:] = sent
    memory.upload(sent.nbytes, up)
    event.record(up)
    event.delay(down)
    if not cuda.device.is_integrated:
        up.synchronize()
        memory.host[:] = 0
    memory.download(sent.nbytes, down)
    event.record(down)
    event.synchronize()
    assert np.array_equal(memory.host, sent)
    for each in (memory, event, up, down):
        each.free()


def test_captured_copies_run_at_every_launch(cuda: Cuda) -> None:
    if cuda.capture is None or cuda.device.is_integrated:
        pytest.skip("this binding has no graphs, or this GPU no copies")
    memory, stream = cuda.allocate(MIB), cuda.create_stream()
    graph = cuda.capture(stream, lambda: memory.upload(MIB, stream))
    for value in (3, 4):
        memory.host[:] = value
        graph.launch(stream)
        stream.synchronize()
        memory.host[:] = 0
        memory.download(MIB, stream)
        stream.synchronize()
        assert memory.host.tolist()[:3] == [value] * 3
    graph.free()
    memory.free()
    stream.free()


def test_more_than_there_is_is_one_clear_line(cuda: Cuda) -> None:
    with pytest.raises(ModelError, match=r"no memory left for allocating|CUDA failed while alloc"):
        cuda.allocate(4 * cuda.device.memory_bytes)
    cuda.allocate(MIB).free()  # and the context goes on


def test_opens_and_closes_again_and_again(cuda: Cuda) -> None:
    module = importlib.import_module(type(cuda).__module__)
    for _ in range(20):
        again: Cuda = module.open_device()
        memory = again.allocate(MIB)
        memory.free()
        again.close()


@pytest.mark.jetson
def test_tegra_maps_instead_of_copying(cuda: Cuda) -> None:
    assert cuda.device.is_integrated
    memory = cuda.allocate(MIB)
    assert memory.address != 0
    memory.free()
