"""Folding of what only training needs: normalisation, branches, implicit knowledge, aux heads."""

import copy

from train.model.blocks import ConvBNAct
from train.model.compound import RepConv
from train.model.network import DetectionNetwork


def fuse(model: DetectionNetwork) -> DetectionNetwork:
    """A copy in eval mode with everything folded in that only training needs; twice is fine.

    Decoded boxes move by rounding only (up to 0.07 px, scores by 5e-5). The copy is for running:
    its statistics are gone, so it is a poor start for training.
    """
    fused = copy.deepcopy(model).eval()
    for layer in fused.modules():
        if isinstance(layer, ConvBNAct | RepConv):
            layer.fuse()
    fused.head.fuse()
    fused.drop_auxiliary()
    return fused
