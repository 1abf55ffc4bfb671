"""A training recipe: every number that shapes a run, from a commented YAML file."""

from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edgedet.errors import ConfigError

RECIPE_FOLDER = Path(__file__).resolve().parent.parent / "configs" / "train"


class Recipe(BaseModel):
    """Hyper-parameters of a run; names as in the original where they mean the same."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    optimizer: Literal["sgd", "adamw"] = "sgd"
    lr0: float = Field(default=0.01, gt=0)
    """Learning rate after warm-up."""
    schedule: Literal["cosine", "linear", "step", "plateau"] = "cosine"
    """How the learning rate falls after warm-up."""
    lrf: float = Field(default=0.01, gt=0, le=1)
    """Last learning rate as a share of `lr0`, for cosine and linear; plateau goes no lower."""
    step_at: tuple[float, ...] = (0.6, 0.85)
    """Shares of the run at which the schedule `step` multiplies by `step_factor`."""
    step_factor: float = Field(default=0.1, gt=0, lt=1)
    plateau_patience: int = Field(default=3, ge=1)
    """Scored epochs without a better one before `plateau` multiplies by `plateau_factor`."""
    plateau_factor: float = Field(default=0.5, gt=0, lt=1)
    momentum: float = Field(default=0.937, ge=0, lt=1)
    """Momentum of SGD; beta 1 of AdamW."""
    weight_decay: float = Field(default=0.0005, ge=0)
    nominal_batch: int = Field(default=64, ge=1)
    """Gradients of smaller batches are accumulated up to this size; weight decay refers to it."""
    warmup_epochs: float = Field(default=3.0, ge=0)
    warmup_max_share: float = Field(default=0.1, ge=0, le=1)
    """Warm-up never takes more than this share of the run."""
    warmup_momentum: float = Field(default=0.8, ge=0, lt=1)
    warmup_bias_lr: float = Field(default=0.1, ge=0)
    ema_decay: float = Field(default=0.9999, ge=0, lt=1)
    ema_tau: float = Field(default=2000.0, gt=0)
    """Updates over which the decay rises to `ema_decay`."""
    clip_norm: float | None = Field(default=10.0, gt=0)
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
    cls: float = Field(default=0.5, ge=0)
    obj: float = Field(default=1.0, ge=0)
    cls_pw: float = Field(default=1.0, gt=0)
    obj_pw: float = Field(default=1.0, gt=0)
    anchor_t: float = Field(default=4.0, gt=1)
    fl_gamma: float = Field(default=0.0, ge=0)
    label_smoothing: float = Field(default=0.0, ge=0, lt=1)
    loss_ota: Literal[0, 1] = 1
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
    translate: float = Field(default=0.1, ge=0, le=0.9)
    scale: float = Field(default=0.5, ge=0, lt=1)
    shear: float = Field(default=0.0, ge=0, lt=90)
    perspective: float = Field(default=0.0, ge=0, le=0.001)
    affine: float = Field(default=1.0, ge=0, le=1)
    """Share of pictures that are turned, moved, scaled, sheared and tilted by the five above."""
    hsv_h: float = Field(default=0.015, ge=0, le=1)
    hsv_s: float = Field(default=0.7, ge=0, le=1)
    hsv_v: float = Field(default=0.4, ge=0, le=1)
    hsv: float = Field(default=1.0, ge=0, le=1)
    """Share of pictures whose hue, saturation and value change by the three above."""
    brightness: float = Field(default=0.0, ge=0, le=1)
    contrast: float = Field(default=0.0, ge=0, le=1)
    brightness_contrast: float = Field(default=0.0, ge=0, le=1)
    """Share of pictures whose brightness and contrast change by the two above."""
    noise_levels: float = Field(default=10.0, ge=0, le=128)
    noise: float = Field(default=0.0, ge=0, le=1)
    """Share of pictures with Gaussian noise of up to `noise_levels` of 255."""
    clahe: float = Field(default=0.0, ge=0, le=1)
    """Share of pictures with locally equalised contrast."""
    gridmask: float = Field(default=0.0, ge=0, le=1)
    """Share of pictures with a grid of grey squares over them."""
    flipud: float = Field(default=0.0, ge=0, le=1)
    fliplr: float = Field(default=0.5, ge=0, le=1)
    multi_scale: float = Field(default=0.0, ge=0, lt=1)
    """Batches have a size of 1 ± this share of the final one, in steps of the stride."""
    progressive_size: float = Field(default=1.0, gt=0, le=1)
    """The first epochs see pictures of this share of the final size; it grows by the stride."""
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
        known = ", ".join(sorted(p.stem for p in RECIPE_FOLDER.glob("*.yaml")))
        msg = f"no recipe '{name_or_file}': cannot read {path}; known names: {known}"
        raise ConfigError(msg) from exc
    except (yaml.YAMLError, UnicodeDecodeError) as exc:
        msg = f"recipe {path} is not YAML: {' '.join(str(exc).split())}"
        raise ConfigError(msg) from exc
    except ValidationError as exc:
        problems = tuple(
            f"{path}: {'.'.join(map(str, e['loc'])) or '(whole file)'}: {e['msg']}"
            for e in exc.errors(include_url=False)
        )
        raise ConfigError("; ".join(problems), problems) from exc
