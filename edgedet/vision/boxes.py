"""Boxes as numbers: conversion, overlap, clipping. All arrays are (N, 4), in pixels."""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

FloatT = TypeVar("FloatT", np.float32, np.float64)


def cxcywh_to_xyxy(boxes_cxcywh: NDArray[FloatT]) -> NDArray[FloatT]:
    """Corners (x1, y1, x2, y2) of boxes given as centre and size.

    >>> cxcywh_to_xyxy(np.array([[10.0, 20.0, 4.0, 6.0]])).tolist()
    [[8.0, 17.0, 12.0, 23.0]]
    """
    centre, half = boxes_cxcywh[..., :2], boxes_cxcywh[..., 2:] / 2
    return np.concatenate([centre - half, centre + half], axis=-1)


def xyxy_to_cxcywh(boxes_xyxy: NDArray[FloatT]) -> NDArray[FloatT]:
    """Centre and size of boxes given as corners.

    >>> xyxy_to_cxcywh(np.array([[8.0, 17.0, 12.0, 23.0]])).tolist()
    [[10.0, 20.0, 4.0, 6.0]]
    """
    low, high = boxes_xyxy[..., :2], boxes_xyxy[..., 2:]
    return np.concatenate([(low + high) / 2, high - low], axis=-1)


def clip_xyxy(boxes_xyxy: NDArray[FloatT], image_hw: tuple[int, int]) -> NDArray[FloatT]:
    """Boxes cut at the borders of an image of (height, width).

    >>> clip_xyxy(np.array([[-5.0, 2.0, 30.0, 40.0]]), (20, 25)).tolist()
    [[0.0, 2.0, 25.0, 20.0]]
    """
    height, width = image_hw
    limit = np.array([width, height, width, height], dtype=boxes_xyxy.dtype)
    return np.clip(boxes_xyxy, boxes_xyxy.dtype.type(0), limit)


def area_xyxy(boxes_xyxy: NDArray[FloatT]) -> NDArray[FloatT]:
    """Areas (N,); zero for boxes turned inside out.

    >>> area_xyxy(np.array([[0.0, 0.0, 4.0, 5.0], [3.0, 0.0, 1.0, 5.0]])).tolist()
    [20.0, 0.0]
    """
    size = np.maximum(boxes_xyxy[..., 2:] - boxes_xyxy[..., :2], 0)
    return np.asarray(size[..., 0] * size[..., 1], dtype=boxes_xyxy.dtype)


def iou_matrix(a_xyxy: NDArray[FloatT], b_xyxy: NDArray[FloatT]) -> NDArray[FloatT]:
    """Intersection over union of every pair, (N, M); 0 where the union is empty.

    >>> a, b = np.array([[0.0, 0.0, 2.0, 2.0]]), np.array([[1.0, 0.0, 3.0, 2.0]])
    >>> iou_matrix(a, b).round(4).tolist()
    [[0.3333]]
    """
    ax1, ay1, ax2, ay2 = a_xyxy.T[:, :, None]
    bx1, by1, bx2, by2 = b_xyxy.T[:, None, :]
    inter = np.maximum(np.minimum(ax2, bx2) - np.maximum(ax1, bx1), 0)
    inter *= np.maximum(np.minimum(ay2, by2) - np.maximum(ay1, by1), 0)
    union = area_xyxy(a_xyxy)[:, None] + area_xyxy(b_xyxy)[None, :] - inter
    # where the union is empty so is the intersection, and stays it
    np.divide(inter, union, out=inter, where=union > 0)
    return np.asarray(inter, dtype=a_xyxy.dtype)
