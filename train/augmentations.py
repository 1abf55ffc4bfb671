"""The augmentations by name, for those who want to see one of them alone."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from train.config import Recipe

_OFF: Mapping[str, float] = MappingProxyType(
    dict.fromkeys(
        (
            "mosaic",
            "mosaic9",
            "mixup",
            "cutmix",
            "copy_paste",
            "affine",
            "hsv",
            "brightness_contrast",
            "noise",
            "clahe",
            "gridmask",
            "flipud",
            "fliplr",
            "multi_scale",
        ),
        0.0,
    )
)
# strengths of the five that `affine` stands for, plain to see, for recipes that leave them at 0
_WARPS = MappingProxyType(
    {"degrees": 20.0, "translate": 0.2, "scale": 0.5, "shear": 15.0, "perspective": 0.0008}
)
_STRENGTHS: Mapping[str, Mapping[str, float]] = MappingProxyType(
    {
        "hsv": {"hsv_h": 0.015, "hsv_s": 0.7, "hsv_v": 0.4},
        "brightness_contrast": {"brightness": 0.2, "contrast": 0.4},
        "noise": {"noise_levels": 20.0},
        "multi_scale": {"multi_scale": 0.5},
    }
)

NAMES: tuple[str, ...] = (*_OFF, *_WARPS)
"""What `isolate` knows: the shares of a recipe, and the five kinds of warp that `affine` draws."""


def isolate(recipe: Recipe, names: Sequence[str]) -> Recipe:
    """The recipe with the augmentations `names` in every picture and all others in none.

    Strengths are the recipe's, or where those are 0 such as can be seen.
    """
    values = recipe.model_dump()
    changes: dict[str, float] = dict(_OFF)
    if "affine" not in names:
        changes |= dict.fromkeys(_WARPS, 0.0)
    for name in names:
        if name in _WARPS:
            changes |= {"affine": 1.0, name: values[name] or _WARPS[name]}
            continue
        changes[name] = 1.0
        if name == "mosaic9":
            changes["mosaic"] = 1.0
        strengths = _STRENGTHS.get(name, {})
        if not any(values[key] for key in strengths):
            changes |= strengths
    if "multi_scale" in names:
        changes["multi_scale"] = values["multi_scale"] or _STRENGTHS["multi_scale"]["multi_scale"]
    return Recipe.model_validate(values | changes)
