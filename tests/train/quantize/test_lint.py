"""Each rule with a graph that breaks it: the line names the node."""

from collections.abc import Callable

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from train.quantize.lint import lint_quantization

ACTIVATION = "/network/model.1/act/LeakyRelu_output_0"
CONV_OUTPUT = "/network/model.1/conv/Conv_output_0"
WEIGHT = "network.model.2.conv.weight"


def _set(proto: onnx.ModelProto, name: str, value: np.ndarray) -> None:
    tensor = next(each for each in proto.graph.initializer if each.name == name)
    tensor.CopyFrom(numpy_helper.from_array(value, name))


def _get(proto: onnx.ModelProto, name: str) -> np.ndarray:
    return numpy_helper.to_array(next(t for t in proto.graph.initializer if t.name == name)).copy()


def _node(proto: onnx.ModelProto, name: str) -> onnx.NodeProto:
    found: onnx.NodeProto = next(each for each in proto.graph.node if each.name == name)
    return found


def _pair(proto: onnx.ModelProto, tensor: str, step: str) -> str:
    """Append a pair on `tensor` with the scale of another; gives back its output."""
    names = [f"{step}.scale", f"{step}.zero_point"]
    proto.graph.node.extend(
        [
            helper.make_node("QuantizeLinear", [tensor, *names], ["q"], name="extra.quantize"),
            helper.make_node("DequantizeLinear", ["q", *names], ["dq"], name="extra.dequantize"),
        ]
    )
    return "dq"


def _zero_point(proto: onnx.ModelProto) -> None:
    _set(proto, f"{ACTIVATION}.zero_point", np.array(3, np.int8))


def _uint8(proto: onnx.ModelProto) -> None:
    _set(proto, f"{ACTIVATION}.zero_point", np.array(0, np.uint8))


def _no_zero_point(proto: onnx.ModelProto) -> None:
    del _node(proto, f"{ACTIVATION}.quantize").input[2:]


def _per_tensor_weight(proto: onnx.ModelProto) -> None:
    _set(proto, f"{WEIGHT}.scale", np.array(0.1, np.float32))


def _wrong_axis(proto: onnx.ModelProto) -> None:
    _node(proto, f"{WEIGHT}.dequantize").attribute[0].i = 1


def _minus_128(proto: onnx.ModelProto) -> None:
    weight = _get(proto, f"{WEIGHT}.int8")
    weight[0, 0, 0, 0] = -128
    _set(proto, f"{WEIGHT}.int8", weight)


def _bias(proto: onnx.ModelProto) -> None:
    bias = _get(proto, "network.model.2.conv.bias")
    _set(proto, "network.model.2.conv.bias", (bias * 1000).astype(np.int32))
    scale = helper.make_tensor("bias.scale", TensorProto.FLOAT, [], [0.001])
    proto.graph.initializer.append(scale)
    proto.graph.node.append(
        helper.make_node(
            "DequantizeLinear",
            ["network.model.2.conv.bias", "bias.scale"],
            ["bias.float"],
            name="bias.dequantize",
        )
    )
    _node(proto, "/network/model.2/conv/Conv").input[2] = "bias.float"


def _before_activation(proto: onnx.ModelProto) -> None:
    _node(proto, "/network/model.1/act/LeakyRelu").input[0] = _pair(proto, CONV_OUTPUT, ACTIVATION)


def _on_a_concat(proto: onnx.ModelProto) -> None:
    concat = _node(proto, "/network/model.6/Concat")
    concat.input[0] = _pair(proto, concat.input[0], "/network/model.3/act/LeakyRelu_output_0")


def _behind_concat(proto: onnx.ModelProto) -> None:
    tensor = "/network/model.6/Concat_output_0"
    _node(proto, f"{tensor}.quantize").input[0] = tensor


def _unequal(proto: onnx.ModelProto) -> None:
    _set(proto, "/network/model.3/act/LeakyRelu_output_0.scale", np.array(9.5, np.float32))


def _half(proto: onnx.ModelProto) -> None:
    _node(proto, "/network/model.2/conv/Conv").input[0] = ACTIVATION


def _first(proto: onnx.ModelProto) -> None:
    first = _node(proto, "/network/model.0/conv/Conv")
    first.input[0] = _pair(proto, first.input[0], ACTIVATION)


def _detection(proto: onnx.ModelProto) -> None:
    conv = _node(proto, "/network/head/convolutions.0/Conv")
    conv.input[0] = _pair(proto, conv.input[0], ACTIVATION)


def _decode(proto: onnx.ModelProto) -> None:
    reshape = _node(proto, "/network/head/Reshape")
    reshape.input[0] = _pair(proto, reshape.input[0], ACTIVATION)


def _opset(proto: onnx.ModelProto) -> None:
    proto.opset_import[0].version = 12


def _nan_scale(proto: onnx.ModelProto) -> None:
    _set(proto, f"{ACTIVATION}.scale", np.array(np.nan, np.float32))


def _huge_scale(proto: onnx.ModelProto) -> None:
    _set(proto, f"{ACTIVATION}.scale", np.array(600, np.float32))


def _many_scales(proto: onnx.ModelProto) -> None:
    _set(proto, f"{ACTIVATION}.scale", np.full(64, 0.1, np.float32))


def _free_scale(proto: onnx.ModelProto) -> None:
    _node(proto, f"{ACTIVATION}.quantize").input[1] = "candidates"


def _alone(proto: onnx.ModelProto) -> None:
    names = [f"{ACTIVATION}.scale", f"{ACTIVATION}.zero_point"]
    proto.graph.node.append(
        helper.make_node("QuantizeLinear", [ACTIVATION, *names], ["q"], name="lonely")
    )


BROKEN: list[tuple[Callable[[onnx.ModelProto], None], str]] = [
    (_zero_point, f"QuantizeLinear '{ACTIVATION}.quantize' has a zero point that is not 0"),
    (_uint8, f"QuantizeLinear '{ACTIVATION}.quantize' is uint8, expected int8"),
    (_no_zero_point, f"QuantizeLinear '{ACTIVATION}.quantize' is uint8, expected int8"),
    (_per_tensor_weight, f"weight of {WEIGHT[:-7]} has 1 scales for 32 channels"),
    (_wrong_axis, f"weight of {WEIGHT[:-7]} has axis 1, expected 0"),
    (_minus_128, f"weight of {WEIGHT[:-7]} holds -128"),
    (_bias, "network.model.2.conv ('/network/model.2/conv/Conv') has a quantized bias"),
    (_bias, "DequantizeLinear 'bias.dequantize' is int32, expected int8"),
    (_before_activation, "'extra.quantize' is between network.model.1.conv and its activation"),
    (_on_a_concat, "'extra.dequantize' feeds Concat '/network/model.6/Concat'"),
    (_behind_concat, "Concat_output_0.quantize' reads Concat '/network/model.6/Concat'; OpenVINO"),
    (_unequal, "differ: '/network/model.3/act/LeakyRelu_output_0.quantize' 9.5, '"),
    (_half, "network.model.2.conv ('/network/model.2/conv/Conv') has a quantized weight and a"),
    (_first, "network.model.0.conv ('/network/model.0/conv/Conv') is quantized, and is the first"),
    (_detection, "('/network/head/convolutions.0/Conv') is quantized, and is the detection"),
    (_decode, "QuantizeLinear 'extra.quantize' is behind the detection convolutions"),
    (_opset, "opset 12 has no DequantizeLinear by channel"),
    (_nan_scale, f"QuantizeLinear '{ACTIVATION}.quantize' has a scale of nan"),
    (_huge_scale, f"QuantizeLinear '{ACTIVATION}.quantize' spans up to 76200"),
    (_many_scales, f"QuantizeLinear '{ACTIVATION}.quantize' has 64 scales; an activation has one"),
    (_free_scale, f"the scale of QuantizeLinear '{ACTIVATION}.quantize' is no constant"),
    (_alone, "QuantizeLinear 'lonely' is not followed by DequantizeLinear alone"),
]


def test_the_writers_graph_and_the_float_one_break_nothing(
    quantized: onnx.ModelProto, fp32: onnx.ModelProto
) -> None:
    assert lint_quantization(quantized) == []
    assert lint_quantization(fp32) == []


@pytest.mark.parametrize(
    ("spoil", "told"), BROKEN, ids=lambda value: getattr(value, "__name__", "")
)
def test_names_the_node_that_breaks_a_rule(
    broken: onnx.ModelProto, spoil: Callable[[onnx.ModelProto], None], told: str
) -> None:
    spoil(broken)
    lines = lint_quantization(broken)
    assert any(told in line for line in lines), lines
