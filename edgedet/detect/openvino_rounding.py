"""Fewer places where OpenVINO rounds a quantized graph, with the same numbers coming out.

A graph of ours rounds in front of convolutions: behind a Concat, and once more for each branch that
a convolution reads too. OpenVINO computes such roundings as layers of their own, on float values.
Rounded where the values are made, they are part of the convolution that makes them, and Concat,
MaxPool and nearest Resize, which only move values, move integers. Nothing else changes. It knows no
file; OpenVINO comes from `edgedet.detect.openvino`.
"""

from collections import deque
from typing import Any

import numpy as np

_MOVING = frozenset({"Concat", "MaxPool"})
_LEVELS = 256

Bounds = tuple[float, float, float, float]


def share_rounding(ov: Any, model: Any) -> int:  # noqa: ANN401 - untyped library
    """Move roundings to where values are made, once each; gives back how many were moved.

    A layer that moves values is passed only if all that read it are rounded alike.
    """
    waiting = deque(
        node
        for node in model.get_ordered_ops()
        if node.get_type_name() == "FakeQuantize" and _bounds(node) is not None
    )
    first: dict[tuple[str, int, Bounds], Any] = {}
    moved = 0
    while waiting:
        node = waiting.popleft()
        bounds = _bounds(node)
        source = node.input_value(0)
        maker = source.get_node()
        if bounds is None or not node.output(0).get_target_inputs():
            continue  # merged with another one meanwhile
        if _only_moves(maker) and _is_rounded_alike(source, bounds):
            _read_instead(source, bounds)
            data = range(maker.get_input_size() if maker.get_type_name() == "Concat" else 1)
            waiting.extend(_round_input(ov, maker, place, bounds, moved) for place in data)
            moved += 1
            continue
        key = (maker.get_friendly_name(), source.get_index(), bounds)
        known = first.setdefault(key, node)
        if known.get_friendly_name() != node.get_friendly_name():
            _replace(node, known.output(0))
    model.validate_nodes_and_infer_types()
    return moved


def _only_moves(node: Any) -> bool:  # noqa: ANN401 - untyped library
    if node.get_type_name() == "Interpolate":
        return bool(node.get_attributes().get("mode") == "nearest")
    return node.get_type_name() in _MOVING


def _is_rounded_alike(source: Any, bounds: Bounds) -> bool:  # noqa: ANN401 - untyped library
    readers = (each.get_node() for each in source.get_target_inputs())
    return all(
        _bounds(node) == bounds or (_is_fake_quantize(node) and _is_unread(node))
        for node in readers
    )


def _read_instead(source: Any, bounds: Bounds) -> None:  # noqa: ANN401 - untyped library
    """Let what reads the roundings of `source` read `source` itself."""
    for each in list(source.get_target_inputs()):
        if _bounds(each.get_node()) == bounds:
            _replace(each.get_node(), source)


def _round_input(
    ov: Any,  # noqa: ANN401 - untyped library
    node: Any,  # noqa: ANN401 - untyped library
    place: int,
    bounds: Bounds,
    number: int,
) -> Any:  # noqa: ANN401 - untyped library
    value = node.input_value(place)
    rounded = ov.opset13.fake_quantize(value, *map(np.float32, bounds), _LEVELS)
    rounded.set_friendly_name(f"{value.get_node().get_friendly_name()}.rounded.{number}.{place}")
    node.input(place).replace_source_output(rounded.output(0))
    return rounded


def _replace(node: Any, output: Any) -> None:  # noqa: ANN401 - untyped library
    for reader in node.output(0).get_target_inputs():
        reader.replace_source_output(output)


def _is_fake_quantize(node: Any) -> bool:  # noqa: ANN401 - untyped library
    return bool(node.get_type_name() == "FakeQuantize")


def _is_unread(node: Any) -> bool:  # noqa: ANN401 - untyped library
    return not node.output(0).get_target_inputs()


def _bounds(node: Any) -> Bounds | None:  # noqa: ANN401 - untyped library
    """The limits of a FakeQuantize that is the same for a whole tensor; None for other nodes."""
    if not _is_fake_quantize(node):
        return None
    limits = [node.input_value(place).get_node() for place in range(1, 5)]
    if any(
        each.get_type_name() != "Constant" or np.asarray(each.data).size != 1 for each in limits
    ):
        return None
    low, high, out_low, out_high = (float(np.asarray(each.data).reshape(())) for each in limits)
    return low, high, out_low, out_high
