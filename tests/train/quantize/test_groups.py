import onnx
from onnx import TensorProto, helper

from train.quantize.graph_view import GraphView
from train.quantize.groups import DETECTION, FIRST, always_float, scale_groups, tie, tied_tensors


def test_what_concat_maxpool_and_resize_tie_is_one_group(fp32: onnx.ModelProto) -> None:
    groups = {name: names for names in scale_groups(fp32) for name in names}
    assert len(groups) == 58
    # one block: its last convolution reads the Concat of what the two before it read
    assert groups["network.model.5.conv"] == tuple(
        f"network.model.{number}.conv" for number in (4, 5, 7)
    )
    # through Resize and Concat: what goes up, what comes across, what reads both
    assert groups["network.model.40.conv"] == groups["network.model.23.conv"]
    assert groups["network.model.60.conv"] == groups["network.model.48.conv"]
    # an activation ties nothing
    assert groups["network.model.1.conv"] == ("network.model.1.conv",)


def test_first_and_detection_convolutions_stay_in_float(
    fp32: onnx.ModelProto, quantized: onnx.ModelProto
) -> None:
    expected = {"network.model.0.conv": FIRST} | {
        f"head.convolutions.{level}": DETECTION for level in range(3)
    }
    assert always_float(fp32) == expected
    assert always_float(quantized) == expected


def test_groups_are_those_of_the_float_graph(
    fp32: onnx.ModelProto, quantized: onnx.ModelProto
) -> None:
    assert scale_groups(quantized) == scale_groups(fp32)


def test_the_scales_of_a_resize_tie_nothing() -> None:
    nodes = [
        helper.make_node("Resize", ["a", "", "factors"], ["b"]),
        helper.make_node("Resize", ["c", "", "factors"], ["d"]),
    ]
    graph = helper.make_graph(
        nodes,
        "two",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in "ac"],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, [2]) for name in "bd"],
        [helper.make_tensor("factors", TensorProto.FLOAT, [1], [2.0])],
    )
    roots = tied_tensors(GraphView(helper.make_model(graph)))
    assert roots["a"] == roots["b"] != roots["c"] == roots["d"]


def test_a_group_takes_its_largest_value_and_leaves_out_who_has_none() -> None:
    assert tie({"a": 1.0, "b": 3.0}, (("a", "x", "b"), ("y",))) == {"a": 3.0, "b": 3.0}
