"""A network that computes as its INT8 graph will: rounded to INT8 and back, with gradients.

What the graph says with QuantizeLinear and DequantizeLinear before a convolution and behind its
weights, this says in torch, in the same places and with the same scales; so a network can be
trained and scored as INT8 without leaving torch. Names and values of its weights stay those of the
folded network, so checkpoints know nothing of it.
"""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn

from edgedet.errors import ModelError
from train.model import DetectionNetwork
from train.quantize.scale_table import LEVELS, ScaleTable

_LOWEST, _HIGHEST = -128, 127  # what QuantizeLinear saturates to
_SHOWN = 3


class FakeQuantizedConv2d(nn.Conv2d):
    """A convolution whose input and weight are multiples of their scales.

    The input has one scale, which stays; each output channel of the weight has its own, which
    follows from the weight as it is. Gradients pass as if nothing was rounded, but for inputs
    beyond the largest step, whose gradient is 0.

    Source: Jacob et al., Quantization and Training of Neural Networks for Efficient
    Integer-Arithmetic-Only Inference (2018), section 3.
    """

    input_scale: Tensor

    def __init__(self, conv: nn.Conv2d, input_scale: float) -> None:
        """Take over the parameters of `conv`: the same tensors, not copies."""
        super().__init__(
            conv.in_channels,
            conv.out_channels,
            conv.kernel_size,  # type: ignore[arg-type]  # a tuple of as many numbers as it has
            conv.stride,  # type: ignore[arg-type]
            conv.padding,  # type: ignore[arg-type]
            conv.dilation,  # type: ignore[arg-type]
            conv.groups,
            bias=conv.bias is not None,
            device="meta",  # nothing is drawn or kept: the parameters come next
        )
        self.weight, self.bias = conv.weight, conv.bias
        # no entry of a checkpoint; a tensor, as CUDA divides by a number with its reciprocal
        scale = torch.tensor(input_scale, dtype=torch.float32, device=conv.weight.device)
        self.register_buffer("input_scale", scale, persistent=False)
        self.train(conv.training)

    def forward(self, x: Tensor) -> Tensor:
        """Features of the rounded input and weight."""
        # in float32 under autocast too: bfloat16 would move values across the border of a step
        x = x.float()
        rounded = _Rounding.apply(x, x.detach(), self.input_scale)  # type: ignore[no-untyped-call]
        out: Tensor = self._conv_forward(rounded, fake_quantized_weight(self.weight), self.bias)
        return out


def fake_quantized_weight(weight: Tensor) -> Tensor:
    """`weight` (out, in, h, w), float32, in steps of largest / 127 of each output channel.

    The same numbers as of `train.quantize.writer.quantize_weight` for the weight in float16, as
    checkpoints and graphs store it: without that detour 1 in 140 weights comes out a step off.
    """
    stored = weight.detach().half().float()
    largest = stored.abs().amax(dim=(1, 2, 3), keepdim=True)
    scale = torch.where(largest > 0, largest / LEVELS, 1.0)
    scale = scale.clamp(min=torch.finfo(torch.float32).tiny)
    rounded: Tensor = _Rounding.apply(weight.float(), stored, scale)  # type: ignore[no-untyped-call]
    return rounded


class _Rounding(torch.autograd.Function):
    """`value` to the nearest step and back; gradients pass to `x` where nothing saturates.

    `torch.fake_quantize_per_tensor_affine` multiplies by 1 / scale where QuantizeLinear divides, so
    it puts some values in the middle of two steps to the other side; it is no faster.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, value: Tensor, scale: Tensor) -> Tensor:  # noqa: ANN401, ARG004
        steps = torch.round(value / scale)
        ctx.save_for_backward((steps >= _LOWEST) & (steps <= _HIGHEST))
        return steps.clamp_(_LOWEST, _HIGHEST).mul_(scale)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:  # noqa: ANN401
        (passes,) = ctx.saved_tensors
        return gradient * passes, None, None


def convolution_names(model: DetectionNetwork) -> dict[str, str]:
    """Name in the graph to the path of the module, for every convolution of a folded network.

    Raises:
        ModelError: If `model` is not folded.
    """
    head = f"model.{model.head_index}."
    names: dict[str, str] = {}
    for path, module in model.named_modules():
        if isinstance(module, nn.BatchNorm2d | nn.SyncBatchNorm):
            msg = f"{path} still normalises: only a folded network has the convolutions of a graph"
            raise ModelError(msg)
        if isinstance(module, nn.Conv2d):
            level = path.removeprefix(f"{head}m.")
            is_head = path.startswith(head)
            names[f"head.convolutions.{level}" if is_head else f"network.{path}"] = path
    return names


def fake_quantize(model: DetectionNetwork, table: ScaleTable) -> None:
    """Make `model` compute as the INT8 graph that the writer makes of it with `table`; in place.

    Args:
        model: A folded network; see `train.model.fuse`.
        table: Scales for its convolutions. Those that it leaves in float stay as they are.

    Raises:
        ModelError: If the table is one of another network, or the network is not folded.
    """
    names = convolution_names(model)
    _refuse_other_network(model, names, table)
    for name, scale in table.inputs.items():
        owner, _, attribute = names[name].rpartition(".")
        conv = model.get_submodule(names[name])
        assert isinstance(conv, nn.Conv2d)  # noqa: S101 - `convolution_names` has no other
        setattr(model.get_submodule(owner), attribute, FakeQuantizedConv2d(conv, scale))


def _refuse_other_network(model: DetectionNetwork, names: Iterable[str], table: ScaleTable) -> None:
    own, listed = set(names), {*table.inputs, *table.left_in_float}
    heads = {name for name in table.inputs if name.startswith("head.")}
    problems = [
        f"{what}: {', '.join(sorted(found)[:_SHOWN])}" + (" …" if len(found) > _SHOWN else "")
        for what, found in (
            ("it knows nothing of", own - listed),
            ("the network does not have", listed - own),
            ("detection convolutions must stay in float", heads & own),
        )
        if found
    ]
    if problems:
        msg = (
            f"the scale table is not one of this {model.architecture.name}: {'; '.join(problems)}; "
            "calibrate this network, or take the table of its own bundle"
        )
        raise ModelError(msg)
