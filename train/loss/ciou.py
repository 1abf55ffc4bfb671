"""Complete IoU of box pairs, with the eps placement of the original YOLOv7 code."""

import math

import torch
from torch import Tensor

_EPS = 1e-7


def ciou(a_cxcywh: Tensor, b_cxcywh: Tensor) -> Tensor:
    """Complete IoU (n,) of the pairs in two (n, 4) float tensors; `a` is the prediction.

    Source: Zheng et al., Enhancing Geometric Factors (2020), equations 5 to 10. Eps is added
    to both heights, to the union, to the enclosing diagonal and in the arctangents' denominators.
    """
    a_xy, a_wh = a_cxcywh.chunk(2, dim=-1)
    b_xy, b_wh = b_cxcywh.chunk(2, dim=-1)
    a_low, a_high = a_xy - a_wh / 2, a_xy + a_wh / 2
    b_low, b_high = b_xy - b_wh / 2, b_xy + b_wh / 2
    overlap = (torch.minimum(a_high, b_high) - torch.maximum(a_low, b_low)).clamp(min=0)
    intersection = overlap[..., 0] * overlap[..., 1]
    a_w, a_h = (a_high - a_low).unbind(-1)
    b_w, b_h = (b_high - b_low).unbind(-1)
    a_h = a_h + _EPS
    b_h = b_h + _EPS
    iou = intersection / (a_w * a_h + b_w * b_h - intersection + _EPS)

    enclosing = torch.maximum(a_high, b_high) - torch.minimum(a_low, b_low)
    diagonal = enclosing.square().sum(-1) + _EPS
    distance = (b_low + b_high - a_low - a_high).square().sum(-1) / 4
    angle = torch.atan(b_w / (b_h + _EPS)) - torch.atan(a_w / (a_h + _EPS))
    v = (4 / math.pi**2) * angle.square()
    with torch.no_grad():
        alpha = v / (v - iou + (1 + _EPS))
    result: Tensor = iou - (distance / diagonal + v * alpha)
    return result
