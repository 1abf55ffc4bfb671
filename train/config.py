"""A training recipe: every number that shapes a run, from a commented YAML file."""

import difflib
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from edgedet.errors import ConfigError

# keys of the original's files that have no meaning here, for those who bring theirs along
_LEFT_OUT = {
    "iou_t": "not used by the original either; remove it",
    "paste_in": "needs polygons; copy_paste does it with boxes",
    "anchors": "anchors are fitted to the set by autoanchor; remove it",
    **{
        key: f"no key of a recipe, but an option of `train fit`: --{key.replace('_', '-')}"
        for key in ("epochs", "batch_size", "image_size", "seed", "weights", "model", "workers")
    },
}
RECIPE_FOLDER = Path(__file__).resolve().parent.parent / "configs" / "train"


class Recipe(BaseModel):
    """Hyper-parameters of a run; names as in the original where they mean the same."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, allow_inf_nan=False, use_attribute_docstrings=True
    )

    optimizer: Literal["sgd", "adamw"] = "sgd"
    """SGD with Nesterov momentum, or AdamW."""
    lr0: float = Field(default=0.01, gt=0)
    """Learning rate after warm-up."""
    schedule: Literal["cosine", "linear", "step", "plateau"] = "cosine"
    """How the learning rate falls after warm-up."""
    lrf: float = Field(default=0.01, gt=0, le=1)
    """Last learning rate as a share of `lr0`, for cosine and linear; plateau goes no lower."""
    step_at: tuple[Annotated[float, Field(gt=0, lt=1)], ...] = (0.6, 0.85)
    """Shares of the run at which the schedule `step` multiplies by `step_factor`."""
    step_factor: float = Field(default=0.1, gt=0, lt=1)
    """What each entry of `step_at` multiplies the learning rate by."""
    plateau_patience: int = Field(default=3, ge=1)
    """Scored epochs without a better one before `plateau` multiplies by `plateau_factor`."""
    plateau_factor: float = Field(default=0.5, gt=0, lt=1)
    """What a plateau multiplies the learning rate by."""
    momentum: float = Field(default=0.937, ge=0, lt=1)
    """Momentum of SGD; beta 1 of AdamW."""
    weight_decay: float = Field(default=0.0005, ge=0)
    """Of weights, not of biases and normalisation; for `nominal_batch` pictures a step."""
    nominal_batch: int = Field(default=64, ge=1)
    """Gradients of smaller batches are accumulated up to this size; weight decay refers to it."""
    warmup_epochs: float = Field(default=3.0, ge=0)
    """Epochs over which the learning rate rises from 0."""
    warmup_min_steps: int = Field(default=0, ge=0)
    """Warm-up takes at least so many batches, whatever `warmup_epochs` says."""
    warmup_max_share: float = Field(default=0.1, ge=0, le=1)
    """Warm-up never takes more than this share of the run."""
    warmup_momentum: float = Field(default=0.8, ge=0, lt=1)
    """Momentum at the start of warm-up (SGD)."""
    warmup_bias_lr: float = Field(default=0.1, ge=0)
    """Learning rate of biases at the start of warm-up (SGD)."""
    ema_decay: float = Field(default=0.9999, ge=0, lt=1)
    """How much of the averaged weights stays at each step; they are what is scored and kept."""
    ema_tau: float = Field(default=2000.0, gt=0)
    """Updates over which the decay rises to `ema_decay`."""
    clip_norm: float | None = Field(default=10.0, gt=0)
    """Gradients longer than this are shortened to it; null: never."""
    pretrained_lr: float = Field(default=1.0, gt=0, le=1)
    """Factor on the learning rate of layers whose weights came from a checkpoint."""
    freeze: int | tuple[int, ...] = 0
    """Layers that do not learn: the first so many, or exactly those listed."""
    unfreeze_share: float = Field(default=0.0, ge=0, le=1)
    """Share of the run over which frozen layers thaw, the last first; 0: they stay frozen."""
    patience: int = Field(default=0, ge=0)
    """Scored epochs without a better one after which the run ends; 0: never early."""
    autoanchor: bool = True
    """Fit the anchors to the set if fewer than 98 % of its boxes reach one, and if that helps."""

    box: float = Field(default=0.05, ge=0)
    """Gain of the box term (1 - CIoU)."""
    cls: float = Field(default=0.5, ge=0)
    """Gain of the class term."""
    obj: float = Field(default=1.0, ge=0)
    """Gain of the objectness term."""
    cls_pw: float = Field(default=1.0, gt=0)
    """Weight of positives in the class term."""
    obj_pw: float = Field(default=1.0, gt=0)
    """Weight of positives in the objectness term."""
    anchor_t: float = Field(default=4.0, gt=1)
    """An anchor may learn a box whose sides are at most so many times longer or shorter."""
    fl_gamma: float = Field(default=0.0, ge=0)
    """Focal exponent of class and objectness terms; 0: plain cross-entropy."""
    label_smoothing: float = Field(default=0.0, ge=0, lt=1)
    """Share of certainty taken from the class targets."""
    loss_ota: Literal[0, 1] = 1
    """1: positives are chosen by cost (OTA), 0: by shape alone, which is faster."""
    class_weights: bool = False
    """Rare classes weigh more in the class term, common ones less."""
    image_weights: bool = False
    """Pictures of rare and badly found classes are shown more often."""

    mosaic: float = Field(default=1.0, ge=0, le=1)
    """Share of pictures that are made of several."""
    mosaic9: float = Field(default=0.0, ge=0, le=1)
    """Share of mosaics that are made of nine pictures instead of four."""
    mixup: float = Field(default=0.0, ge=0, le=1)
    """Share of pictures blended with another one."""
    cutmix: float = Field(default=0.0, ge=0, le=1)
    """Share of pictures with a rectangle of another one."""
    copy_paste: float = Field(default=0.0, ge=0, le=1)
    """Share of pictures that get objects of another one."""
    close_mosaic: float = Field(default=0.15, ge=0, le=1)
    """Share of the run, at its end, without mosaic, mixup and cutmix."""
    degrees: float = Field(default=0.0, ge=0, le=180)
    """Turned by up to so many degrees, either way; 0 keeps what is upright upright."""
    translate: float = Field(default=0.1, ge=0, le=0.9)
    """Moved by up to this share of the side, either way."""
    scale: float = Field(default=0.5, ge=0, lt=1)
    """Size multiplied by 1 - s to 1.1 + s."""
    shear: float = Field(default=0.0, ge=0, lt=90)
    """Sheared by up to so many degrees, along either axis."""
    perspective: float = Field(default=0.0, ge=0, le=0.001)
    """Tilted by up to so much, per pixel from the centre: 0.0005 is plain to see."""
    affine: float = Field(default=1.0, ge=0, le=1)
    """Share of pictures that are turned, moved, scaled, sheared and tilted by the five above."""
    hsv_h: float = Field(default=0.015, ge=0, le=1)
    """Hue multiplied by up to 1 ± this."""
    hsv_s: float = Field(default=0.7, ge=0, le=1)
    """Saturation multiplied by up to 1 ± this."""
    hsv_v: float = Field(default=0.4, ge=0, le=1)
    """Value (brightness) multiplied by up to 1 ± this."""
    hsv: float = Field(default=1.0, ge=0, le=1)
    """Share of pictures whose hue, saturation and value change by the three above."""
    brightness: float = Field(default=0.2, ge=0, le=1)
    """Up to this share of white added or taken away."""
    contrast: float = Field(default=0.3, ge=0, le=1)
    """Differences from middle grey multiplied by up to 1 ± this."""
    brightness_contrast: float = Field(default=0.0, ge=0, le=1)
    """Share of pictures whose brightness and contrast change by the two above."""
    noise_levels: float = Field(default=10.0, ge=0, le=128)
    """Largest standard deviation of the noise, in levels of 255."""
    noise: float = Field(default=0.0, ge=0, le=1)
    """Share of pictures with Gaussian noise of up to `noise_levels` of 255."""
    clahe: float = Field(default=0.0, ge=0, le=1)
    """Share of pictures with locally equalised contrast."""
    gridmask: float = Field(default=0.0, ge=0, le=1)
    """Share of pictures with a grid of grey squares over them."""
    flipud: float = Field(default=0.0, ge=0, le=1)
    """Share of pictures mirrored top to bottom: for cameras that look straight down."""
    fliplr: float = Field(default=0.5, ge=0, le=1)
    """Share of pictures mirrored left to right."""
    multi_scale: float = Field(default=0.0, ge=0, lt=1)
    """Batches have a size of 1 ± this share of the final one, in steps of the stride."""
    progressive_size: float = Field(default=1.0, gt=0, le=1)
    """Share of the final size that the first epochs see; whole, or closer as at the full size."""
    full_size_share: float = Field(default=0.3, gt=0, le=1)
    """Share of the run, at its end, at the full size."""


def load_recipe(name_or_file: str) -> Recipe:
    """A recipe by its name in `configs/train`, or from a file.

    Raises:
        ConfigError: if there is no such recipe, or it holds something that is none.
    """
    path = Path(name_or_file)
    if not path.suffix:
        path = RECIPE_FOLDER / f"{name_or_file}.yaml"
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        return Recipe.model_validate(content)
    except OSError as exc:
        known = sorted(p.stem for p in RECIPE_FOLDER.glob("*.yaml"))
        nearest = difflib.get_close_matches(name_or_file, known, 1)
        hint = f"did you mean '{nearest[0]}'? " if nearest else ""
        msg = f"no recipe '{name_or_file}': cannot read {path}; {hint}known names: "
        raise ConfigError(msg + ", ".join(known)) from exc
    except (yaml.YAMLError, UnicodeDecodeError) as exc:
        msg = f"recipe {path} is not YAML: {' '.join(str(exc).split())}"
        raise ConfigError(msg) from exc
    except ValidationError as exc:
        problems = tuple(f"{path}: {_problem(each)}" for each in exc.errors(include_url=False))
        raise ConfigError("; ".join(problems), problems) from exc


def _problem(error: ErrorDetails) -> str:
    key = ".".join(map(str, error["loc"])) or "(whole file)"
    if error["type"] != "extra_forbidden":
        return f"{key}: {error['msg']}, got {error['input']!r}"
    if key in _LEFT_OUT:
        return f"{key}: {_LEFT_OUT[key]}"
    nearest = difflib.get_close_matches(key, Recipe.model_fields, 1)
    hint = f"did you mean {nearest[0]}?" if nearest else "docs/recipes.md has all there are"
    return f"{key}: no such key; {hint}"
