"""A whole build on imitated machines: what is tried, what is kept, what is said."""

import logging
from pathlib import Path

import numpy as np
import onnx
import pytest

from edgedet.detect.engine import (
    BatchProfile,
    BuildSettings,
    EngineRequest,
    PrecisionChoice,
    build_engine,
)
from edgedet.errors import ModelError
from edgedet.manifest import Bundle
from tests.detect.cuda.fake_bindings import BINDINGS
from tests.detect.engine.conv_bundle import make_conv_bundle
from tests.detect.engine.devices import Machine, make_machine
from tests.detect.engine.fake_tensorrt import VERSIONS

SLOW = 2.0


@pytest.fixture(scope="module")
def quantized(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return make_conv_bundle(tmp_path_factory.mktemp("int8"), is_int8=True)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return make_conv_bundle(tmp_path_factory.mktemp("fp32"), is_int8=False)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    return make_machine(monkeypatch)


def request(
    precision: PrecisionChoice = "auto", *, rebuilds: bool = False, dla_core: int | None = None
) -> EngineRequest:
    settings = BuildSettings(BatchProfile(1, 2, 2), dla_core=dla_core)
    return EngineRequest(settings, precision, rebuilds)


@pytest.mark.parametrize("binding", BINDINGS)
@pytest.mark.parametrize("version", VERSIONS)
def test_builds_on_every_generation(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, quantized: Bundle, version: str, binding: str
) -> None:
    machine = make_machine(monkeypatch, version, binding)
    machine.story.slow["fp16"] = SLOW
    built = build_engine(quantized, request(), [tmp_path])
    sidecar = built.stored.sidecar
    assert built.is_new
    assert built.stored.path.parent == tmp_path / "engines"
    assert (sidecar.precision, sidecar.tensorrt) == ("int8", version)
    assert (sidecar.device, sidecar.compute_capability) == ("Fake GPU", "8.7")
    assert sidecar.bundle_sha256 == quantized.digest
    assert sidecar.engine_bytes == len(built.stored.read())
    assert [each.precision for each in sidecar.measured] == ["int8", "fp16"]
    assert [each.strays for each in sidecar.measured] == [0, 0]
    assert [each.images_per_s for each in sidecar.measured] == [1000.0, 500.0]
    machine.assert_clean()


def test_keeps_fp16_where_it_is_faster(machine: Machine, tmp_path: Path, quantized: Bundle) -> None:
    machine.story.slow["int8"] = SLOW
    assert build_engine(quantized, request(), [tmp_path]).stored.sidecar.precision == "fp16"


def test_a_faster_engine_that_is_wrong_is_not_kept(
    machine: Machine, tmp_path: Path, quantized: Bundle
) -> None:
    machine.story.slow["fp16"] = SLOW
    machine.story.wrong_by["int8"] = 0.1
    sidecar = build_engine(quantized, request(), [tmp_path]).stored.sidecar
    assert sidecar.precision == "fp16"
    assert sidecar.measured[0].strays == 20


def test_fp16_of_an_int8_bundle_is_held_to_the_tolerance_of_floats(
    machine: Machine, tmp_path: Path, quantized: Bundle
) -> None:
    machine.story.slow["int8"] = SLOW
    machine.story.wrong_by |= {"int8": 0.03, "fp16": 0.03}
    sidecar = build_engine(quantized, request(), [tmp_path]).stored.sidecar
    assert sidecar.precision == "int8"
    assert [each.strays for each in sidecar.measured] == [0, 20]


def test_where_fp16_is_wrong_fp32_is_tried(machine: Machine, tmp_path: Path, plain: Bundle) -> None:
    machine.story.wrong_by["fp16"] = 0.05
    sidecar = build_engine(plain, request(), [tmp_path]).stored.sidecar
    assert [each.precision for each in sidecar.measured] == ["fp16", "fp32"]
    assert sidecar.precision == "fp32"
    assert machine.story.flags[-1] == set()


def test_where_all_are_wrong_none_is_kept(machine: Machine, tmp_path: Path, plain: Bundle) -> None:
    machine.story.wrong_by |= {"fp16": 0.05, "fp32": 0.05}
    with pytest.raises(
        ModelError, match=r"no engine of model 'conv'.*fp16: .*0 of 20 candidates match"
    ):
        build_engine(plain, request(), [tmp_path])
    assert list((tmp_path / "engines").glob("conv-*")) == []
    machine.assert_clean()


def test_not_a_number_is_wrong(machine: Machine, tmp_path: Path, plain: Bundle) -> None:
    machine.story.wrong_by["fp16"] = float("nan")
    assert build_engine(plain, request(), [tmp_path]).stored.sidecar.precision == "fp32"


def test_a_precision_that_cannot_be_built_is_left_out(
    machine: Machine, tmp_path: Path, quantized: Bundle, caplog: pytest.LogCaptureFixture
) -> None:
    machine.story.refuse_to_build = "int8"
    sidecar = build_engine(quantized, request(), [tmp_path]).stored.sidecar
    assert sidecar.precision == "fp16"
    assert "could not find any implementation" in (sidecar.measured[0].reason or "")
    assert "no int8 engine" in caplog.text


def test_where_nothing_can_be_built_every_reason_is_told(
    machine: Machine, tmp_path: Path, quantized: Bundle
) -> None:
    machine.story.refuse_to_build = "all"
    told = r"no engine of model 'conv' can be built here \(int8: .*; fp16: .*; fp32: "
    with pytest.raises(ModelError, match=told):
        build_engine(quantized, request(), [tmp_path])


def test_a_precision_that_was_asked_for_is_not_replaced(
    machine: Machine, tmp_path: Path, quantized: Bundle
) -> None:
    machine.story.refuse_to_build = "int8"
    with pytest.raises(ModelError, match="failed while building the int8 engine"):
        build_engine(quantized, request("int8"), [tmp_path])
    machine.assert_clean()


@pytest.mark.parametrize("precision", ["int8", "fp16", "fp32"])
def test_one_precision_alone(
    machine: Machine, tmp_path: Path, quantized: Bundle, precision: PrecisionChoice
) -> None:
    sidecar = build_engine(quantized, request(precision), [tmp_path]).stored.sidecar
    assert (sidecar.precision, len(sidecar.measured)) == (precision, 1)
    assert len(machine.story.graphs) == 1


def test_what_is_there_is_not_built_again(machine: Machine, tmp_path: Path, plain: Bundle) -> None:
    first = build_engine(plain, request(), [tmp_path])
    again = build_engine(plain, request(), [tmp_path])
    assert (again.stored, again.is_new) == (first.stored, False)
    assert len(machine.story.graphs) == 1
    assert build_engine(plain, request(rebuilds=True), [tmp_path]).is_new
    first.stored.path.write_bytes(b"damaged")
    assert build_engine(plain, request(), [tmp_path]).is_new


def test_timings_are_kept_for_the_next_build(
    machine: Machine, tmp_path: Path, quantized: Bundle
) -> None:
    build_engine(quantized, request(), [tmp_path])
    build_engine(quantized, request(rebuilds=True), [tmp_path])
    assert machine.story.timing_caches == [b"", b"+int8", b"+int8+fp16", b"+int8+fp16+int8"]


def test_dla_gets_no_quantized_graph(machine: Machine, tmp_path: Path, quantized: Bundle) -> None:
    machine.story.dla_cores = 1
    sidecar = build_engine(quantized, request(dla_core=0), [tmp_path]).stored.sidecar
    assert (sidecar.dla_core, sidecar.precision) == (0, "fp16")
    (graph,) = machine.story.graphs
    assert "QuantizeLinear" not in {node.op_type for node in graph.graph.node}


def test_without_a_golden_case_speed_decides_and_that_is_said(
    machine: Machine, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    machine.story.slow["fp16"] = SLOW
    bundle = make_conv_bundle(tmp_path / "conv", is_int8=True, has_golden=False)
    with caplog.at_level(logging.WARNING):
        sidecar = build_engine(bundle, request(), [tmp_path]).stored.sidecar
    assert sidecar.precision == "int8"
    assert "no golden case" in caplog.text


def test_no_gpu_is_told_and_tensorrt_not_touched(
    machine: Machine, tmp_path: Path, plain: Bundle
) -> None:
    machine.gpu.fail["cuInit"] = "NO_DEVICE"
    with pytest.raises(ModelError, match="no NVIDIA GPU can be used here"):
        build_engine(plain, request(), [tmp_path])
    assert machine.story.alive == set()


def test_a_changed_graph_is_refused(machine: Machine, tmp_path: Path) -> None:
    bundle = make_conv_bundle(tmp_path / "conv", is_int8=False)
    proto = onnx.load(bundle.model_path)
    proto.producer_name = "somebody else"
    onnx.save(proto, bundle.model_path)
    with pytest.raises(ModelError, match="is not the file that the manifest names"):
        build_engine(bundle, request(), [tmp_path])
    assert machine.gpu.calls == []


def test_int8_rounding_may_stray_a_little() -> None:
    from edgedet.detect.engine import Measured, passes  # noqa: PLC0415

    def measured(strays: int) -> Measured:
        return Measured(precision="int8", images_per_s=1.0, strays=strays, compared=600)

    assert [passes(measured(count)) for count in (0, 12, 13)] == [True, True, False]
    assert np.isclose(12 / 600, 0.02)
