"""A network that rounds as its INT8 graph does: same places, same steps, gradients besides."""

import copy
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import onnx
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from edgedet.errors import ModelError
from tests.train.export.lively import settled_model
from tests.train.model.slim import slim_architecture, slim_model
from tests.train.quantize.tables import measured_table
from train.export.onnx import export_onnx
from train.export.parity import pattern_images
from train.loss.distillation import as_teacher
from train.model import DetectionNetwork, fuse
from train.model.architectures import ARCHITECTURES
from train.quantize.calibrate import Calibrator
from train.quantize.fake_quantization import (
    FakeQuantizedConv2d,
    convolution_names,
    fake_quantize,
    fake_quantized_weight,
)
from train.quantize.graph_view import GraphView
from train.quantize.runtime import TappedGraph
from train.quantize.scale_table import ScaleTable
from train.quantize.writer import quantize_graph, quantize_weight

QUICK = ("yolov7-tiny", "yolov7")
MEMBERS = [
    pytest.param(each.name, marks=() if each.name in QUICK else pytest.mark.slow)
    for each in ARCHITECTURES
]


@pytest.fixture(params=QUICK)
def folded(request: pytest.FixtureRequest) -> DetectionNetwork:
    return fuse(slim_model(request.param))


@dataclass(frozen=True)
class Pair:
    """A rounding network, its graphs, and pictures (N, H, W, 3)."""

    network: DetectionNetwork
    fp32: GraphView
    int8: onnx.ModelProto
    images: NDArray[np.uint8]
    table: ScaleTable


@pytest.fixture(scope="module", params=MEMBERS)
def pair(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Pair:
    network = fuse(settled_model(slim_architecture(request.param), 2)).half().float()
    side = max(network.strides)
    images = pattern_images((side, 2 * side), 3, 0)
    path = tmp_path_factory.mktemp("pair") / "model.onnx"
    export_onnx(network, path, (side, 2 * side))
    fp32 = onnx.load(path)
    calibrator = Calibrator(fp32, threads=1)
    calibrator.watch([images])
    table = calibrator.table("max")
    fake_quantize(network, table)
    return Pair(network, GraphView(fp32), quantize_graph(fp32, table), images, table)


def test_each_convolution_gives_what_it_gives_in_onnx_runtime(pair: Pair) -> None:
    view = GraphView(pair.int8)
    convolutions = [each for each in view.convolutions if each.name in pair.table.inputs]
    sources = list(dict.fromkeys(each.source for each in convolutions))
    tensors = [*sources, *(each.output for each in convolutions)]
    values = TappedGraph(pair.int8, tensors, threads=1).run(pair.images)
    tensor_of = dict(zip(tensors, map(torch.from_numpy, values), strict=True))
    paths = convolution_names(pair.network)

    assert paths.keys() == {each.name for each in view.convolutions}
    for each in convolutions:
        with torch.no_grad():
            found = pair.network.get_submodule(paths[each.name])(tensor_of[each.source])
        wanted = tensor_of[each.output]
        assert float((found - wanted).abs().max()) < 1e-5 * float(wanted.abs().max()), each.name


def test_the_whole_network_gives_what_the_int8_graph_gives_in_onnx_runtime(pair: Pair) -> None:
    """But where other rounding puts a value in the middle of two steps to the other side."""
    heads = [each.output for each in pair.fp32.convolutions if each.name.startswith("head.")]
    wanted = TappedGraph(pair.int8, heads, threads=1).run(pair.images)
    pair.network.head.train()
    with torch.no_grad():
        found = pair.network(torch.from_numpy(pair.images).permute(0, 3, 1, 2).float() / 255)

    for int8_map, raw in zip(wanted, found, strict=True):
        off = np.abs(raw.permute(0, 1, 4, 2, 3).reshape(int8_map.shape).numpy() - int8_map)
        assert off.mean() < 1e-2 * int8_map.std()
        assert np.median(off) < 1e-5


def test_parameters_keep_their_names_and_values(folded: DetectionNetwork) -> None:
    before = {name: value.clone() for name, value in folded.state_dict().items()}
    table = measured_table(folded)
    fake_quantize(folded, table)
    after = folded.state_dict()

    assert list(after) == list(before)
    assert all(torch.equal(after[name], value) for name, value in before.items())
    rounding = sum(isinstance(each, FakeQuantizedConv2d) for each in folded.modules())
    assert rounding == len(table.inputs)


def test_a_copy_rounds_too_and_twice_is_the_same(folded: DetectionNetwork) -> None:
    table = measured_table(folded)
    images = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        plain = folded(images)
        fake_quantize(folded, table)
        once = folded(images)
        fake_quantize(folded, table)

        assert not torch.equal(plain, once)
        assert torch.equal(folded(images), once)
        assert torch.equal(fuse(copy.deepcopy(folded))(images), once)


def test_weights_are_those_that_the_writer_makes_of_float16() -> None:
    """The middle between two steps, a channel of zeros, and weights that float16 moves."""
    weight = torch.randn(64, 8, 3, 3, generator=torch.Generator().manual_seed(0))
    weight[0] = 0
    weight[1] = weight[1].abs().amax() / 2
    weight[1, 0, 0, 0] *= 2
    steps, scale = quantize_weight(weight.half().float().numpy())
    wanted = torch.from_numpy(steps * scale.reshape(-1, 1, 1, 1))

    assert torch.equal(fake_quantized_weight(weight), wanted)
    assert torch.equal(fake_quantized_weight(weight.half().float()), wanted)


def test_gradients_pass_but_for_inputs_beyond_the_last_step() -> None:
    conv = torch.nn.Conv2d(1, 1, 1)
    torch.nn.init.constant_(conv.weight, 0.5)
    rounding = FakeQuantizedConv2d(conv, input_scale=0.1)
    images = torch.tensor([0.04, 1.0, 12.7, 13.0, -12.8, -13.0]).reshape(6, 1, 1, 1)
    images.requires_grad_()
    rounding(images).sum().backward()

    assert images.grad is not None
    assert images.grad.flatten().tolist() == pytest.approx([0.5, 0.5, 0.5, 0, 0.5, 0])
    assert conv.weight.grad is not None
    assert conv.weight.grad.item() == pytest.approx(0.0 + 1.0 + 12.7 * 2 - 12.8 * 2, abs=1e-4)


def test_training_brings_it_back_to_what_the_float_network_says() -> None:
    """Steps sixteen times too coarse hurt; thirty steps of learning win most of it back."""
    network = fuse(settled_model(slim_architecture("yolov7-tiny"), 1))
    teacher = as_teacher(network)
    fake_quantize(network, measured_table(network, factor=16.0))
    network.train().requires_grad_()
    images = torch.from_numpy(pattern_images((64, 64), 4, 1)).permute(0, 3, 1, 2).float() / 255
    wanted = teacher(images)
    before = _distance(network(images), wanted)
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-3, weight_decay=0)
    for _ in range(30):
        optimizer.zero_grad()
        torch.autograd.backward([_distance(network(images), wanted)])
        optimizer.step()

    assert _distance(network(images), wanted) < 0.6 * before


def _distance(ours: list[Tensor], theirs: list[Tensor]) -> Tensor:
    pairs = zip(ours, theirs, strict=True)
    return torch.stack([(one - other).square().mean() for one, other in pairs]).sum()


def test_a_network_that_is_not_folded_is_refused() -> None:
    with pytest.raises(ModelError, match=r"model\.0\.bn still normalises"):
        convolution_names(slim_model("yolov7-tiny"))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda t: _replaced(t, drop="network.model.5.conv"), "knows nothing of: network.model.5"),
        (lambda t: _replaced(t, add="network.model.99.conv"), "does not have: network.model.99"),
        (lambda t: _replaced(t, move="head.convolutions.1"), "must stay in float: head.conv"),
    ],
    ids=["knows one less", "knows one more", "quantizes the head"],
)
def test_the_table_of_another_network_is_refused(
    change: Callable[[ScaleTable], ScaleTable], told: str
) -> None:
    network = fuse(slim_model("yolov7-tiny"))
    table = change(measured_table(network))

    with pytest.raises(ModelError, match="is not one of this yolov7-tiny") as caught:
        fake_quantize(network, table)
    assert told in str(caught.value)
    assert not any(isinstance(each, FakeQuantizedConv2d) for each in network.modules())


def _replaced(table: ScaleTable, drop: str = "", add: str = "", move: str = "") -> ScaleTable:
    scales = {name: scale for name, scale in table.inputs.items() if name != drop}
    scales |= {name: 1.0 for name in (add, move) if name}
    kept = {name: why for name, why in table.left_in_float.items() if name != move}
    return ScaleTable("max", scales, kept)
