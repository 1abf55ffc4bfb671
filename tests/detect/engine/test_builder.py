import pytest

from edgedet.detect.engine.api import TensorRT, load_tensorrt
from edgedet.detect.engine.builder import BuildSettings, Network, build_plan
from edgedet.detect.engine.forms import engine_graph
from edgedet.detect.engine.profile import BatchProfile
from edgedet.errors import ModelError
from tests.detect.engine.conv_bundle import HW, conv_graph
from tests.detect.engine.devices import make_machine
from tests.detect.engine.fake_tensorrt import MAGIC, VERSIONS

PROFILE = BatchProfile(1, 2, 4)
FLAGS = {
    "int8": {"INT8", "FP16", "PREFER_PRECISION_CONSTRAINTS"},
    "fp16": {"FP16", "PREFER_PRECISION_CONSTRAINTS"},
    "fp32": set(),
}
CREATION = {
    "8.6.1": {"EXPLICIT_BATCH"},
    "10.3.0": {"EXPLICIT_BATCH"},
    "10.16.1": {"EXPLICIT_BATCH"},
    "11.4.0": {"STRONGLY_TYPED"},
}


def network(api: TensorRT, precision: str) -> Network:
    proto = conv_graph(is_int8=True)
    graph = engine_graph(proto, precision, strongly_typed=api.is_strongly_typed)
    return Network(graph.SerializeToString(), "images", (*HW, 3), precision)


@pytest.mark.parametrize("precision", ["int8", "fp16", "fp32"])
@pytest.mark.parametrize("version", VERSIONS)
def test_builds_with_every_generation(
    monkeypatch: pytest.MonkeyPatch, version: str, precision: str
) -> None:
    machine = make_machine(monkeypatch, version)
    api = load_tensorrt()
    told: list[tuple[str, int, int]] = []
    plan = build_plan(
        api,
        network(api, precision),
        BuildSettings(PROFILE, workspace_mib=256),
        timing_cache=b"earlier",
        progress=lambda *step: told.append(step),
    )
    story = machine.story
    assert plan.engine.startswith(MAGIC)
    assert plan.timing_cache == b"earlier+" + precision.encode()
    assert story.creation_flags == [CREATION[version]]
    assert story.flags == [set() if version == "11.4.0" else FLAGS[precision]]
    assert story.profiles == [((1, *HW, 3), (2, *HW, 3), (4, *HW, 3))]
    assert story.workspaces == [256 << 20]
    assert told == ([] if version == "8.6.1" else [("Building Engine", n, 2) for n in (0, 1, 2, 2)])


@pytest.mark.parametrize("version", ["8.6.1", "10.3.0", "10.16.1"])
def test_the_decode_is_told_to_stay_in_fp32(monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    machine = make_machine(monkeypatch, version)
    api = load_tensorrt()
    build_plan(api, network(api, "int8"), BuildSettings(PROFILE))
    layers = machine.story.fp32_layers
    assert len(layers) > 10
    assert all(name.startswith("decode/") for name in layers)


def test_a_refused_graph_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    make_machine(monkeypatch, "8.6.1")
    api = load_tensorrt()
    content = conv_graph(is_int8=True).SerializeToString()  # its INT8 weights have no Q
    with pytest.raises(
        ModelError, match=r"8\.6\.1 refuses the graph: int8 weights without their Q"
    ):
        build_plan(api, Network(content, "images", (*HW, 3), "int8"), BuildSettings(PROFILE))


def test_a_build_that_fails_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = make_machine(monkeypatch)
    machine.story.refuse_to_build = "int8"
    api = load_tensorrt()
    with pytest.raises(ModelError, match="failed while building the int8 engine: could not"):
        build_plan(api, network(api, "int8"), BuildSettings(PROFILE))


def test_an_interruption_ends_the_build(monkeypatch: pytest.MonkeyPatch) -> None:
    make_machine(monkeypatch)
    api = load_tensorrt()

    def interrupt(_phase: str, done: int, _steps: int) -> None:
        if done == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_plan(api, network(api, "fp32"), BuildSettings(PROFILE), progress=interrupt)


def test_dla_is_asked_for_where_there_is_one(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    machine = make_machine(monkeypatch)
    machine.story.dla_cores = 2
    api = load_tensorrt()
    build_plan(api, network(api, "fp16"), BuildSettings(PROFILE, dla_core=1))
    assert machine.story.dla == [1]
    assert "GPU_FALLBACK" in machine.story.flags[0]
    assert "experimental" in caplog.text


def test_a_dla_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    make_machine(monkeypatch)
    api = load_tensorrt()
    with pytest.raises(ModelError, match="DLA core 0 was asked for, this device has 0"):
        build_plan(api, network(api, "fp16"), BuildSettings(PROFILE, dla_core=0))
