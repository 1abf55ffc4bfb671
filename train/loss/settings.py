"""Hyper-parameters: the values shipped for YOLOv7-tiny, and those of them that the loss reads."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType

# Source: the original project's file of hyper-parameters for tiny. Gains are not yet scaled.
TINY_HYP: Mapping[str, float] = MappingProxyType(
    {
        "lr0": 0.01,
        "lrf": 0.01,
        "momentum": 0.937,
        "weight_decay": 0.0005,
        "warmup_epochs": 3.0,
        "warmup_momentum": 0.8,
        "warmup_bias_lr": 0.1,
        "box": 0.05,
        "cls": 0.5,
        "cls_pw": 1.0,
        "obj": 1.0,
        "obj_pw": 1.0,
        "iou_t": 0.20,
        "anchor_t": 4.0,
        "fl_gamma": 0.0,
        "hsv_h": 0.015,
        "hsv_s": 0.7,
        "hsv_v": 0.4,
        "degrees": 0.0,
        "translate": 0.1,
        "scale": 0.5,
        "shear": 0.0,
        "perspective": 0.0,
        "flipud": 0.0,
        "fliplr": 0.5,
        "mosaic": 1.0,
        "mixup": 0.05,
        "copy_paste": 0.0,
        "paste_in": 0.05,
        "loss_ota": 1.0,
        "label_smoothing": 0.0,
    }
)

_REFERENCE_LEVELS = 3
_REFERENCE_CLASSES = 80
_REFERENCE_IMAGE_PX = 640


@dataclass(frozen=True, slots=True)
class LossSettings:
    """What the loss reads from the hyper-parameters; gains are taken as they are."""

    box: float = TINY_HYP["box"]
    cls: float = TINY_HYP["cls"]
    obj: float = TINY_HYP["obj"]
    cls_pw: float = TINY_HYP["cls_pw"]
    obj_pw: float = TINY_HYP["obj_pw"]
    anchor_t: float = TINY_HYP["anchor_t"]
    fl_gamma: float = TINY_HYP["fl_gamma"]
    label_smoothing: float = TINY_HYP["label_smoothing"]
    loss_ota: float = TINY_HYP["loss_ota"]

    @classmethod
    def from_hyp(cls, hyp: Mapping[str, object]) -> "LossSettings":
        """Settings from a mapping as in a file of hyper-parameters; unknown keys are ignored.

        Raises:
            ValueError: If a value that the loss reads is not a number.
        """
        names = {field.name for field in fields(cls)}
        values: dict[str, float] = {}
        for key in names & hyp.keys():
            value = hyp[key]
            if not isinstance(value, int | float):
                message = f"hyper-parameter {key} is {value!r}, expected a number"
                raise ValueError(message)  # noqa: TRY004 - a wrong value, whatever its type
            values[key] = float(value)
        return cls(**values)


def scale_gains(
    hyp: Mapping[str, float], num_classes: int, image_size: int, levels: int = 3
) -> dict[str, float]:
    """A copy of `hyp` with box, cls and obj scaled to the data, as done once before training.

    Example: tiny's values for 3 classes at 320 px become 0.05, 0.01875, 0.25.
    """
    share = _REFERENCE_LEVELS / levels
    scaled = dict(hyp)
    scaled["box"] = hyp["box"] * share
    scaled["cls"] = hyp["cls"] * (num_classes / _REFERENCE_CLASSES) * share
    scaled["obj"] = hyp["obj"] * (image_size / _REFERENCE_IMAGE_PX) ** 2 * share
    return scaled
