"""A small stand-in for training: random weights whose outputs differ from picture to picture."""

from pathlib import Path

import torch
from torch import nn

from train.export.parity import pattern_images
from train.model import CheckpointContent, DetectionNetwork, build_model, save_checkpoint
from train.model.architectures import Architecture


def lively_model(num_classes: int, seed: int = 0) -> DetectionNetwork:
    """YOLOv7-tiny with random weights and statistics to match, in eval mode.

    Freshly built, every cell gives nearly the same scores: the signal dies out in 58 layers.
    """
    torch.manual_seed(seed)
    model = build_model("yolov7-tiny", num_classes)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.6, 1.4)
            nn.init.uniform_(module.bias, -0.3, 0.3)
            module.momentum = None  # the statistics of one pass, whole
    for conv in model.head.m:
        assert isinstance(conv, nn.Conv2d)
        nn.init.normal_(conv.weight, std=0.15)
    images = torch.from_numpy(pattern_images((128, 128), 4, seed)).permute(0, 3, 1, 2)
    with torch.no_grad():
        model.train()(images.float() / 255)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = 0.03
    return model.eval()


def settled_model(network: str | Architecture, num_classes: int, seed: int = 0) -> DetectionNetwork:
    """A larger member with random weights that neither blow a signal up nor let it die out.

    In 100 layers the statistics of single channels would turn rounding into visible differences: so
    each normalisation divides by the deviation of its whole layer and subtracts next to nothing.
    """
    torch.manual_seed(seed)
    model = build_model(network, num_classes).eval()
    images = torch.from_numpy(pattern_images((128, 128), 2, seed)).permute(0, 3, 1, 2)

    def settle(module: nn.Module, inputs: tuple[torch.Tensor]) -> None:
        assert isinstance(module, nn.BatchNorm2d)
        assert module.running_mean is not None
        assert module.running_var is not None
        scale = inputs[0].var()
        module.running_var.fill_(scale).mul_(torch.exp(0.1 * torch.randn(module.num_features)))
        module.running_mean.normal_().mul_(0.1 * scale.sqrt())

    hooks = []
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight)
        elif isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.weight, 1.0, 0.1)
            nn.init.normal_(module.bias, 0.0, 0.1)
            hooks.append(module.register_forward_pre_hook(settle))
    with torch.no_grad():
        model(images.float() / 255)
    for hook in hooks:
        hook.remove()
    return model


def lively_checkpoint(path: Path, num_classes: int = 1, seed: int = 0) -> Path:
    """The same as a checkpoint file."""
    names = [f"class-{index}" for index in range(num_classes)]
    save_checkpoint(path, lively_model(num_classes, seed), CheckpointContent(names))
    return path
