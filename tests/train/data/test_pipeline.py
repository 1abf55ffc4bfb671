"""Every key of the recipe that is about pictures has its effect, and none where it is 0."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.random import default_rng

from edgedet.vision import letterbox
from tests.train.data.marked import GROUND, marked, seen
from train.config import Recipe
from train.data.backdrop import Backdrops
from train.data.geometry import flip_horizontal, flip_vertical
from train.data.picture import Picture
from train.data.pipeline import Pipeline

SIDE = (64, 64)
NOTHING: dict[str, float] = {
    "mosaic": 0,
    "mosaic9": 0,
    "mixup": 0,
    "cutmix": 0,
    "copy_paste": 0,
    "affine": 0,
    "hsv": 0,
    "brightness_contrast": 0,
    "noise": 0,
    "clahe": 0,
    "gridmask": 0,
    "flipud": 0,
    "fliplr": 0,
}
# strengths with which a probability of 1 shows, and what must be on for a strength to matter
STRENGTHS: dict[str, float] = {
    "degrees": 30,
    "translate": 0.3,
    "scale": 0.5,
    "shear": 20,
    "perspective": 0.001,
    "hsv_h": 0.5,
    "hsv_s": 0.7,
    "hsv_v": 0.4,
    "brightness": 0.3,
    "contrast": 0.5,
    "noise_levels": 30,
}
NEEDS: dict[str, str] = {
    **dict.fromkeys(("degrees", "translate", "scale", "shear", "perspective"), "affine"),
    **dict.fromkeys(("hsv_h", "hsv_s", "hsv_v"), "hsv"),
    **dict.fromkeys(("brightness", "contrast"), "brightness_contrast"),
    "noise_levels": "noise",
    "mosaic9": "mosaic",
}


class Few:
    """A handful of pictures of different shapes with an object each."""

    def __init__(self) -> None:
        rng = default_rng(0)
        self._pictures = []
        for number, shape in enumerate([(48, 64), (64, 40), (64, 64), (30, 60), (50, 50)]):
            picture = marked((number, 0.2, 0.2, 0.7, 0.75), size_hw=shape)
            specks = rng.integers(20, 60, (*shape, 3), dtype=np.uint8)
            image = np.where(picture.image_hwc == GROUND, specks, picture.image_hwc)
            self._pictures.append(picture.with_image(image))

    def __len__(self) -> int:
        return len(self._pictures)

    def get(self, index: int) -> Picture:
        return self._pictures[index]


def make(recipe: dict[str, float], index: int = 0, seed: int = 1, *, mix: bool = True) -> Picture:
    pipeline = Pipeline(Few(), Recipe.model_validate(recipe), Backdrops())
    return pipeline.make(index, SIDE, default_rng(seed), mix=mix)


def differs(one: Picture, other: Picture) -> bool:
    return not np.array_equal(one.image_hwc, other.image_hwc)


def test_nothing_on_is_what_the_device_sees() -> None:
    made = make({**STRENGTHS, **NOTHING})
    image, box = letterbox(Few().get(0).image_hwc, SIDE)
    assert np.array_equal(made.image_hwc, image)
    assert np.allclose(made.boxes_xyxy, box.to_input(Few().get(0).boxes_xyxy), atol=1e-4)


def test_every_share_of_the_recipe_is_looked_at() -> None:
    """No key of the section on pictures was forgotten here."""
    keys = list(Recipe.model_fields)
    about_pictures = keys[keys.index("mosaic") : keys.index("multi_scale")]
    assert set(about_pictures) == NOTHING.keys() | STRENGTHS.keys() | {"close_mosaic"}


@pytest.mark.parametrize("key", [key for key in NOTHING if key not in ("mosaic9", "copy_paste")])
def test_a_share_of_one_changes_every_picture(key: str) -> None:
    plain = make({**NOTHING, **STRENGTHS})
    for seed in range(4):
        assert differs(make({**NOTHING, **STRENGTHS, key: 1}, seed=seed), plain)


@pytest.mark.parametrize("key", [key for key in NOTHING if key != "mosaic9"])
def test_a_share_between_changes_some_pictures(key: str) -> None:
    plain = make({**NOTHING, **STRENGTHS})
    changed = [
        differs(make({**NOTHING, **STRENGTHS, key: 0.5}, seed=seed), plain) for seed in range(24)
    ]
    assert 3 <= sum(changed) <= 20


@pytest.mark.parametrize("key", [*STRENGTHS, "mosaic9"])
def test_a_strength_changes_the_picture(key: str) -> None:
    needed = {NEEDS[key]: 1.0}
    without = {**dict.fromkeys(STRENGTHS, 0.0), **NOTHING, **needed}
    strong = without | {key: STRENGTHS.get(key, 1.0)}
    assert differs(make(without), make(strong))


def test_pictures_get_objects_of_others() -> None:
    """Where there is room: an object that would hide another one is left out."""
    made = [make({**NOTHING, "copy_paste": 1}, seed=seed) for seed in range(20)]
    assert sum(len(picture.boxes_xyxy) > 1 for picture in made) >= 5
    assert len({n for picture in made for n in picture.class_ids.tolist()}) > 2


def test_the_last_epochs_have_no_mixtures() -> None:
    everything = {**NOTHING, "mosaic": 1, "mosaic9": 0.5, "mixup": 1, "cutmix": 1}
    for seed in range(5):
        assert not differs(make(everything, seed=seed, mix=False), make(NOTHING))
        assert differs(make(everything, seed=seed, mix=True), make(NOTHING))


def test_flips_are_flips() -> None:
    plain = make(NOTHING)
    assert not differs(make({**NOTHING, "fliplr": 1}), flip_horizontal(plain))
    assert not differs(make({**NOTHING, "flipud": 1}), flip_vertical(plain))


def test_mixup_has_the_objects_of_two() -> None:
    made = [make({**NOTHING, "mixup": 1}, seed=seed) for seed in range(5)]
    assert all(len(picture.boxes_xyxy) == 2 for picture in made)
    assert all(picture.class_ids[0] == 0 for picture in made)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    index=st.integers(0, 4),
    mosaic=st.floats(0, 1),
    mosaic9=st.floats(0, 1),
)
def test_whatever_happens_boxes_are_inside_and_have_a_class(
    seed: int, index: int, mosaic: float, mosaic9: float
) -> None:
    half = dict.fromkeys(NOTHING, 0.5)
    made = make({**STRENGTHS, **half, "mosaic": mosaic, "mosaic9": mosaic9}, index, seed)

    assert made.image_hwc.shape == (*SIDE, 3)
    assert made.image_hwc.dtype == np.uint8
    boxes = made.boxes_xyxy
    assert boxes.dtype == np.float32
    assert (boxes >= 0).all()
    assert (boxes <= 64).all()
    assert (boxes[:, :2] < boxes[:, 2:]).all()
    assert made.class_ids.shape == (len(boxes),)
    assert set(made.class_ids.tolist()) <= set(range(5))


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), nine=st.booleans())
def test_geometry_end_to_end_keeps_labels_on_objects(seed: int, *, nine: bool) -> None:
    upright = {"degrees": 0, "shear": 0, "perspective": 0, "scale": 0.4, "translate": 0.2}
    shares = {"affine": 1, "mosaic": 0.7, "mosaic9": float(nine), "flipud": 0.5, "fliplr": 0.5}
    made = make({**NOTHING, **upright, **shares}, 0, seed)
    for class_id in range(5):
        rest = seen(made.image_hwc, class_id)
        for x1, y1, x2, y2 in made.boxes_xyxy[made.class_ids == class_id].tolist():
            # without the edges, which are as blurred as the picture is enlarged
            rows = slice(math.ceil(y1) + 2, math.floor(y2) - 2)
            inner = rest[rows, math.ceil(x1) + 2 : math.floor(x2) - 2]
            assert inner.size == 0 or inner.mean() > 0.9  # what the box says is there is there
        for x1, y1, x2, y2 in made.boxes_xyxy[made.class_ids == class_id].tolist():
            top, left = max(math.floor(y1) - 2, 0), max(math.floor(x1) - 2, 0)
            rest[top : math.ceil(y2) + 2, left : math.ceil(x2) + 2] = False
        # what no box holds are pieces that the rules let go: a tenth of the largest object at most
        assert rest.sum() <= 4 * 0.1 * (0.5 * 64 * 0.55 * 64) * 1.5**2


def test_zoom_shows_objects_larger() -> None:
    recipe = Recipe.model_validate({**STRENGTHS, **NOTHING, "affine": 1, "scale": 0})
    widths = []
    for zoom in (1.0, 1.8):
        pipeline = Pipeline(Few(), recipe, Backdrops(), zoom)
        made = [pipeline.make(2, SIDE, default_rng(seed), mix=False) for seed in range(60)]
        boxes = np.concatenate([each.boxes_xyxy for each in made])
        widths.append(float((boxes[:, 2] - boxes[:, 0]).mean()))

    # a mean of 1.4 times closer, less what the sides of the picture cut off
    assert widths[1] > 1.08 * widths[0]
