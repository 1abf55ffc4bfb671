"""Two pictures in one: mixed throughout, or one in a rectangle of the other."""

import cv2
import numpy as np
from numpy.random import Generator

from train.data.boxes import clip, survives, uncovered, worth_a_label
from train.data.picture import Picture

_MIXUP_BETA = 8.0  # of both pictures; ratios are mostly between 0.3 and 0.7, as in the original
_CUTMIX_SHARE = (0.1, 0.5)  # of the area; more would make the other picture the main one


def mixup(picture: Picture, other: Picture, rng: Generator) -> Picture:
    """Both pictures, of one size, at once: r and 1 - r of them, r from Beta(8, 8); all boxes.

    Source: H. Zhang et al., mixup: Beyond Empirical Risk Minimization, 2018; the distribution is
    that of the original's recipe.
    """
    ratio = float(rng.beta(_MIXUP_BETA, _MIXUP_BETA))
    image = cv2.addWeighted(picture.image_hwc, ratio, other.image_hwc, 1 - ratio, 0)
    return Picture(
        np.asarray(image, dtype=np.uint8),
        np.concatenate([picture.boxes_xyxy, other.boxes_xyxy]),
        np.concatenate([picture.class_ids, other.class_ids]),
    )


def cutmix(picture: Picture, other: Picture, rng: Generator) -> Picture:
    """`picture` with a rectangle of `other`, of the same size, in the same place.

    Boxes of `picture` are cut where the rectangle covers them and dropped when less than 10 % is
    left; those of `other` are cut to the rectangle by the same rules. The rectangle has the shape
    of the picture and 10 to 50 % of its area.

    Source: S. Yun et al., CutMix, 2019; the rules for boxes are those of the mosaic.
    """
    height, width = picture.size_hw
    side = float(np.sqrt(rng.uniform(*_CUTMIX_SHARE)))
    inner_h, inner_w = max(round(height * side), 1), max(round(width * side), 1)
    x, y = int(rng.integers(width - inner_w + 1)), int(rng.integers(height - inner_h + 1))
    window = (x, y, x + inner_w, y + inner_h)
    image = picture.image_hwc.copy()
    image[y : y + inner_h, x : x + inner_w] = other.image_hwc[y : y + inner_h, x : x + inner_w]
    left, shares = uncovered(picture.boxes_xyxy, window)
    keep_ours = worth_a_label(left, shares)
    inside = clip(other.boxes_xyxy, window)
    keep_theirs = survives(other.boxes_xyxy, inside)
    return Picture(
        image,
        np.concatenate([left[keep_ours], inside[keep_theirs]]),
        np.concatenate([picture.class_ids[keep_ours], other.class_ids[keep_theirs]]),
    )
