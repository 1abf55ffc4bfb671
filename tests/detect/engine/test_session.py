import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray

from edgedet.detect.cuda import Cuda, open_cuda
from edgedet.detect.engine.api import load_tensorrt
from edgedet.detect.engine.builder import BuildSettings, Network, build_plan
from edgedet.detect.engine.forms import engine_graph
from edgedet.detect.engine.profile import BatchProfile
from edgedet.detect.engine.session import EngineSession, shares
from edgedet.errors import ModelError
from edgedet.manifest import Bundle
from tests.detect.cuda.fake_bindings import BINDINGS
from tests.detect.engine.conv_bundle import HW, make_conv_bundle, pictures, run_graph
from tests.detect.engine.devices import Machine, make_machine
from tests.detect.engine.fake_tensorrt import VERSIONS

PROFILE = BatchProfile(1, 2, 3)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return make_conv_bundle(tmp_path_factory.mktemp("conv"), is_int8=False)


def open_session(bundle: Bundle, profile: BatchProfile = PROFILE) -> tuple[EngineSession, Cuda]:
    cuda = open_cuda()
    api = load_tensorrt()
    proto = onnx.load(bundle.model_path)
    graph = engine_graph(proto, "fp32", strongly_typed=api.is_strongly_typed)
    network = Network(graph.SerializeToString(), "images", (*HW, 3), "fp32")
    plan = build_plan(api, network, BuildSettings(profile))
    try:
        return EngineSession(plan.engine, bundle, cuda, api), cuda
    except BaseException:
        cuda.close()
        raise


@pytest.fixture(params=[(name, tegra) for name in BINDINGS for tegra in (False, True)])
def machine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Machine:
    binding, is_integrated = request.param
    return make_machine(monkeypatch, binding=binding, is_integrated=is_integrated)


@pytest.fixture
def opened(machine: Machine, bundle: Bundle) -> Iterator[EngineSession]:
    session, cuda = open_session(bundle)
    yield session
    session.close()
    cuda.close()
    machine.assert_clean()


def expect(bundle: Bundle, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    return run_graph(onnx.load(bundle.model_path), images)


def test_batches_of_all_sizes_are_answered_in_order(opened: EngineSession, bundle: Bundle) -> None:
    for count in (1, 3, 13, 2, 13, 1):
        images = pictures(count)
        assert np.allclose(opened.infer(images), expect(bundle, images), atol=1e-4)


def test_copies_overlap_with_compute(machine: Machine, opened: EngineSession) -> None:
    machine.gpu.busiest = 0
    opened.infer(pictures(12))
    # at one time, work waited in the streams for up, compute and down
    assert machine.gpu.busiest == 3
    assert machine.story.runs[-6:] == [2] * 6


def test_an_integrated_gpu_copies_nothing(machine: Machine, opened: EngineSession) -> None:
    opened.infer(pictures(4))
    assert bool(machine.gpu.copies) != machine.gpu.is_integrated


def test_from_the_third_run_on_a_size_is_a_graph(
    machine: Machine, opened: EngineSession, bundle: Bundle
) -> None:
    for count in (1, 2, 1, 3, 1, 1):  # sizes change between the runs of one
        opened.infer(pictures(count))
    is_able = "cuCtxPushCurrent" in machine.gpu.calls  # cuda-bindings; pycuda has none
    assert machine.gpu.launches == (2 if is_able else 0)
    assert len(machine.gpu.graphs) == (1 if is_able else 0)
    images = pictures(5)
    for _ in range(3):
        assert np.allclose(opened.infer(images), expect(bundle, images), atol=1e-4)


def test_where_graphs_cannot_be_captured_runs_are_queued(
    monkeypatch: pytest.MonkeyPatch, bundle: Bundle, caplog: pytest.LogCaptureFixture
) -> None:
    machine = make_machine(monkeypatch)
    session, cuda = open_session(bundle)
    machine.gpu.fail["cuStreamBeginCapture"] = "STREAM_CAPTURE_UNSUPPORTED"
    images = pictures(1)
    for _ in range(3):
        assert np.allclose(session.infer(images), expect(bundle, images), atol=1e-4)
    assert not session.uses_graphs
    assert "no CUDA graphs for this engine" in caplog.text
    session.close()
    cuda.close()
    machine.assert_clean()


@pytest.mark.parametrize("version", VERSIONS)
def test_every_generation_runs_the_same_way(
    monkeypatch: pytest.MonkeyPatch, bundle: Bundle, version: str
) -> None:
    machine = make_machine(monkeypatch, version)
    session, cuda = open_session(bundle)
    images = pictures(5)
    assert np.allclose(session.infer(images), expect(bundle, images), atol=1e-4)
    session.close()
    cuda.close()
    machine.assert_clean()


def test_fewer_than_the_smallest_batch_are_filled_up(
    monkeypatch: pytest.MonkeyPatch, bundle: Bundle
) -> None:
    machine = make_machine(monkeypatch)
    session, cuda = open_session(bundle, BatchProfile(4, 4, 4))
    images = pictures(1)
    assert np.allclose(session.infer(images), expect(bundle, images), atol=1e-4)
    assert machine.story.runs == [4]
    session.close()
    cuda.close()


def test_a_plan_that_tensorrt_refuses_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch, bundle: Bundle
) -> None:
    machine = make_machine(monkeypatch)
    machine.story.refuse_to_load = "Serialization assertion magicTag failed"
    with pytest.raises(
        ModelError, match=r"10\.3\.0 failed while loading the engine: Serialization"
    ):
        open_session(bundle)
    machine.assert_clean()


def test_no_room_for_the_ring_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch, bundle: Bundle
) -> None:
    machine = make_machine(monkeypatch)
    machine.gpu.memory_bytes = 4 * HW[0] * HW[1] * 3
    with pytest.raises(ModelError, match="no memory left"):
        open_session(bundle)
    machine.assert_clean()


def test_an_engine_of_another_graph_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    machine = make_machine(monkeypatch)
    other = make_conv_bundle(tmp_path, is_int8=False, has_golden=False)
    manifest = other.manifest.model_copy(
        update={"output": other.manifest.output.model_copy(update={"count": 99})}
    )
    with pytest.raises(ModelError, match="its output is candidates"):
        open_session(Bundle(other.folder, manifest, other.digest))
    machine.assert_clean()


def test_a_run_that_fails_says_why(monkeypatch: pytest.MonkeyPatch, bundle: Bundle) -> None:
    machine = make_machine(monkeypatch)
    session, cuda = open_session(bundle)
    machine.story.refuse_to_run = "CASK convolution execution"
    with pytest.raises(ModelError, match="failed while running the engine: CASK convolution"):
        session.infer(pictures(1))
    session.close()
    cuda.close()
    machine.assert_clean()


def test_a_lost_gpu_that_tensorrt_tells_of_is_one_clear_line(
    monkeypatch: pytest.MonkeyPatch, bundle: Bundle
) -> None:
    machine = make_machine(monkeypatch)
    session, cuda = open_session(bundle)
    machine.story.refuse_to_run = "Cuda Runtime (an illegal memory access was encountered)"
    with pytest.raises(ModelError, match="this process cannot use the GPU any more: restart"):
        session.infer(pictures(1))
    session.close()
    cuda.close()


@pytest.mark.parametrize("binding", BINDINGS)
def test_a_sticky_error_is_one_clear_line(
    monkeypatch: pytest.MonkeyPatch, bundle: Bundle, binding: str
) -> None:
    machine = make_machine(monkeypatch, binding=binding)
    session, cuda = open_session(bundle)
    machine.gpu.lost = "ILLEGAL_ADDRESS"
    with pytest.raises(ModelError, match="restart edgedet"):
        session.infer(pictures(1))
    session.close()  # nothing can be freed any more, and nothing raises
    cuda.close()


def test_belongs_to_the_thread_that_made_it(
    monkeypatch: pytest.MonkeyPatch, bundle: Bundle
) -> None:
    make_machine(monkeypatch)
    session, cuda = open_session(bundle)
    errors: list[str] = []

    def use(step: Callable[[], object]) -> None:
        try:
            step()
        except ModelError as exc:
            errors.append(str(exc))

    for step in (lambda: session.infer(pictures(1)), session.close):
        thread = threading.Thread(target=use, args=(step,))
        thread.start()
        thread.join()
    assert errors == ["a GPU engine was used on another thread than the one that made it"] * 2
    session.close()
    session.close()
    cuda.close()
    with pytest.raises(ModelError, match="closed"):
        session.infer(pictures(1))


@pytest.mark.parametrize(
    ("count", "sizes"),
    [(1, [1]), (2, [2]), (3, [3]), (4, [2, 2]), (5, [3, 2]), (7, [3, 2, 2]), (9, [3, 2, 2, 2])],
)
def test_shares_are_even_and_fit_the_profile(count: int, sizes: list[int]) -> None:
    found = list(shares(count, PROFILE))
    assert [stop - start for start, stop in found] == sizes
    assert found[0][0] == 0
    assert found[-1][1] == count
