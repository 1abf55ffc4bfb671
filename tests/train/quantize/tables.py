"""Scale tables without calibration, from what one forward pass shows."""

import torch
from torch import Tensor, nn

from train.export.parity import pattern_images
from train.model import DetectionNetwork
from train.quantize.fake_quantization import convolution_names
from train.quantize.scale_table import LEVELS, ScaleTable


def measured_table(folded: DetectionNetwork, side: int = 64, factor: float = 1.0) -> ScaleTable:
    """The largest input of every convolution, times `factor`: above 1 steps are too coarse."""
    names = {path: name for name, path in convolution_names(folded).items()}
    largest: dict[str, float] = {}

    def measure(name: str) -> object:
        def hook(_module: nn.Module, inputs: tuple[Tensor]) -> None:
            largest[name] = inputs[0].abs().max().item()

        return hook

    hooks = [
        folded.get_submodule(path).register_forward_pre_hook(measure(name))  # type: ignore[arg-type]
        for path, name in names.items()
    ]
    images = torch.from_numpy(pattern_images((side, side), 2, 0)).permute(0, 3, 1, 2)
    with torch.no_grad():
        folded.eval()(images.float() / 255)
    for each in hooks:
        each.remove()
    first = next(iter(names.values()))
    reasons = {name: "detection convolution" for name in names.values() if name[:5] == "head."}
    reasons[first] = "first convolution"
    scales = {k: v * factor / LEVELS for k, v in largest.items() if k not in reasons}
    return ScaleTable("max", scales, reasons, {"pictures": 2})
