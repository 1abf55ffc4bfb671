"""What OpenVINO needs of a quantized graph to compute it in INT8, and rightly. Knows no file.

Its modules come from `edgedet.detect.openvino`, the only file that imports them.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

_LEVELS = 256
_PAIR_LIMIT = 128  # 255 * 128 still fits 16 bits with a sign: 32640 of 32767
_PAIR_AIM = 127  # what is more is made so small that rounding both cannot exceed the limit
_BETWEEN = frozenset({"Convert", "Subtract"})


def fuse_rounding(ov: Any, model: Any) -> int:  # noqa: ANN401 - untyped library
    """Make one node of each QuantizeLinear and DequantizeLinear of an activation; says how many.

    As OpenVINO reads them from ONNX they are FakeQuantize, Convert, Convert, Subtract, Multiply.
    Where Concat joins two such branches, its INT8 pass takes the numbers after the first node for
    those after the last (seen in 2026.4: 3.35 came out as 3.0, 17 points of AP).
    """
    fused = 0
    for node in model.get_ordered_ops():
        if node.get_type_name() != "FakeQuantize":
            continue
        last = _end_of_chain(node)
        scale = None if last is None else _scalar(last.input_value(1))
        if last is None or scale is None:
            continue
        low, high = (_scalar(node.input_value(place)) for place in (3, 4))
        if low is None or high is None:
            continue
        whole = ov.opset13.fake_quantize(
            node.input_value(0),
            node.input_value(1),
            node.input_value(2),
            np.float32(low * scale),
            np.float32(high * scale),
            _LEVELS,
        )
        whole.set_friendly_name(last.get_friendly_name())
        for reader in last.output(0).get_target_inputs():
            reader.replace_source_output(whole.output(0))
        fused += 1
    model.validate_nodes_and_infer_types()
    return fused


def drop_idle_activations(model: Any) -> int:  # noqa: ANN401 - untyped library
    """Take out LeakyRelu of slope 1, which keeps OpenVINO as it is from losing a scale; how many.

    `train.quantize.writer` says why it is there; `fuse_rounding` does without.
    """
    dropped = 0
    for node in model.get_ordered_ops():
        if node.get_type_name() != "PRelu" or _scalar(node.input_value(1)) != 1.0:
            continue
        for reader in node.output(0).get_target_inputs():
            reader.replace_source_output(node.input_value(0))
        dropped += 1
    model.validate_nodes_and_infer_types()
    return dropped


def narrow_weights(ov: Any, model: Any) -> int:  # noqa: ANN401 - untyped library
    """Keep products of INT8 from overflowing on processors that add two of them in 16 bits.

    x86 before VNNI multiplies unsigned activations (to 255) with weights and adds neighbouring
    channels in 16 bits, saturating. Weights of such pairs may be 128 together; channels with more
    get a larger step. Source: Intel's documentation of VPMADDUBSW, and of oneDNN's INT8 data type.

    Returns:
        How many convolutions were changed.
    """
    changed = 0
    for node in model.get_ordered_ops():
        if node.get_type_name() != "Convolution":
            continue
        multiply = node.input_value(1).get_node()
        stored = _stored_weight(multiply)
        if stored is None:
            continue
        weight = np.asarray(stored.data)
        factor = overflow_factor(weight)
        if factor.max() <= 1.0:
            continue
        shape = (-1, *[1] * (weight.ndim - 1))
        narrow = np.rint(weight / factor.reshape(shape)).astype(np.int8)
        scale = _constant(multiply.input_value(1)).reshape(shape) * factor.reshape(shape)
        converted = ov.opset13.convert(ov.opset13.constant(narrow), "f32")
        whole = ov.opset13.multiply(converted, scale.astype(np.float32))
        whole.set_friendly_name(multiply.get_friendly_name())
        node.input(1).replace_source_output(whole.output(0))
        changed += 1
    model.validate_nodes_and_infer_types()
    return changed


def overflow_factor(weight: NDArray[np.int8]) -> NDArray[np.float64]:
    """By how much the step of each output channel (out,) must grow so that no pair overflows.

    Pairs are neighbouring input channels, 0 and 1, 2 and 3 and so on, at one place of the kernel.

    >>> overflow_factor(np.array([[127, 1], [127, 127], [100, -60]], dtype=np.int8)).tolist()
    [1.0, 2.0, 1.0]
    """
    channels = weight.shape[1]
    wide = weight.astype(np.float64)
    if channels % 2:
        wide = np.concatenate([wide, np.zeros_like(wide[:, :1])], axis=1)
    pairs = wide.reshape(len(wide), -1, 2, *wide.shape[2:])
    sums = [np.abs(np.where(side, pairs, 0).sum(axis=2)) for side in (pairs > 0, pairs < 0)]
    largest = np.maximum(*sums).reshape(len(wide), -1).max(axis=1)
    return np.asarray(np.where(largest > _PAIR_LIMIT, largest / _PAIR_AIM, 1.0), dtype=np.float64)


def _end_of_chain(node: Any) -> Any | None:  # noqa: ANN401 - untyped library
    """The Multiply at the end of FakeQuantize, Convert…, if nobody reads anything in between."""
    while True:
        readers = list(node.output(0).get_target_inputs())
        if len(readers) != 1:
            return None
        node = readers[0].get_node()
        kind = node.get_type_name()
        if kind == "Multiply":
            return node
        if kind not in _BETWEEN:
            return None


def _stored_weight(multiply: Any) -> Any | None:  # noqa: ANN401 - untyped library
    """The INT8 constant at the start of Convert, Subtract, Multiply; None if it is another node."""
    if multiply.get_type_name() != "Multiply":
        return None
    node = multiply.input_value(0).get_node()
    while node.get_type_name() in _BETWEEN:
        node = node.input_value(0).get_node()
    is_int8 = node.get_type_name() == "Constant" and node.get_element_type().get_type_name() == "i8"
    return node if is_int8 else None


def _constant(value: Any) -> NDArray[np.float32]:  # noqa: ANN401 - untyped library
    node = value.get_node()
    while node.get_type_name() == "Reshape":
        node = node.input_value(0).get_node()
    return np.asarray(node.data, dtype=np.float32)


def _scalar(value: Any) -> float | None:  # noqa: ANN401 - untyped library
    node = value.get_node()
    if node.get_type_name() != "Constant" or np.asarray(node.data).size != 1:
        return None
    return float(np.asarray(node.data).reshape(()))
