"""One augmentation at a time."""

import pytest

from train.augmentations import NAMES, isolate
from train.config import RECIPE_FOLDER, Recipe, load_recipe


def on(recipe: Recipe) -> set[str]:
    """The augmentations that a recipe uses."""
    values = recipe.model_dump()
    warps = {"degrees", "translate", "scale", "shear", "perspective"}
    found = {name for name in set(NAMES) - warps if values[name]}
    return found | {name for name in warps if values[name] and values["affine"]}


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"affine", "mosaic9"}))
@pytest.mark.parametrize("base", ["scratch", "original"])
def test_one_is_on_and_the_others_are_off(name: str, base: str) -> None:
    warps = {"degrees", "translate", "scale", "shear", "perspective"}
    assert on(isolate(load_recipe(base), [name])) == {name} | (
        {"affine"} if name in warps else set()
    )


def test_nine_tiles_need_mosaics() -> None:
    assert on(isolate(Recipe(), ["mosaic9"])) == {"mosaic", "mosaic9"}


def test_several_are_on_together() -> None:
    assert on(isolate(Recipe(), ["mixup", "hsv"])) == {"mixup", "hsv"}


def test_strengths_are_the_recipes_if_it_has_any() -> None:
    recipe = Recipe(hsv_h=0.3, hsv_s=0, hsv_v=0, scale=0.2, degrees=0)
    assert isolate(recipe, ["hsv"]).hsv_h == 0.3
    assert isolate(recipe, ["hsv"]).hsv_s == 0
    assert isolate(recipe, ["scale"]).scale == 0.2
    assert isolate(recipe, ["degrees"]).degrees == 20
    assert isolate(Recipe(contrast=0), ["brightness_contrast"]).contrast == 0
    assert isolate(Recipe(contrast=0, brightness=0), ["brightness_contrast"]).contrast == 0.4


def test_all_warps_together_are_those_of_the_recipe() -> None:
    recipe = Recipe(degrees=5, scale=0.4, perspective=0.0001)
    alone = isolate(recipe, ["affine"])
    assert (alone.degrees, alone.scale, alone.perspective) == (5, 0.4, 0.0001)


def test_every_share_of_a_recipe_has_a_name() -> None:
    keys = list(Recipe.model_fields)
    about_pictures = keys[keys.index("mosaic") : keys.index("multi_scale") + 1]
    strengths = {
        "close_mosaic",
        "hsv_h",
        "hsv_s",
        "hsv_v",
        "brightness",
        "contrast",
        "noise_levels",
    }
    assert set(about_pictures) - strengths == set(NAMES)


PAGE = RECIPE_FOLDER.parent.parent / "docs" / "augmentation.md"


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"affine"}))
def test_every_augmentation_has_its_section_and_picture(name: str) -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert f"\n### {name}\n" in text
    assert f"](augmentation/{name}.jpg)" in text


def test_pictures_of_the_docs_are_small() -> None:
    files = list(PAGE.with_suffix("").glob("*.jpg"))
    assert sum(path.stat().st_size for path in files) < 400_000
