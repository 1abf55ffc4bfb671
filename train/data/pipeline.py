"""From the pictures of a set to one that the network sees: which augmentation when.

The order is that of the original: compose and warp, blend, paste, colour, mask, flip. Each step is
a pure function in a file of its own; here are only the recipe's probabilities.
"""

from dataclasses import dataclass
from typing import Protocol

from numpy.random import Generator

from edgedet.vision import Letterbox
from train.config import Recipe
from train.data.backdrop import Backdrops
from train.data.blend import cutmix, mixup
from train.data.colour import random_brightness_contrast, random_clahe, random_hsv, random_noise
from train.data.geometry import Warp, WarpRange, draw_warp, flip_horizontal, flip_vertical
from train.data.mask import gridmask
from train.data.mosaic import draw, lay_four, lay_nine, lay_one
from train.data.paste import paste_objects
from train.data.picture import Picture


class Pictures(Protocol):
    """Where pictures come from."""

    def __len__(self) -> int:
        """Number of pictures."""
        ...

    def get(self, index: int) -> Picture:
        """Picture `index`, to be read only."""
        ...


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Makes training pictures after a recipe; every random number comes from the caller.

    `zoom` is by how much closer pictures come at most, and pasted objects always, beside the
    recipe's scale. Where early epochs see smaller pictures, it lets objects have the size in pixels
    that they will have in the end.
    """

    pictures: Pictures
    recipe: Recipe
    backdrops: Backdrops
    zoom: float = 1.0

    def make(self, index: int, side_hw: tuple[int, int], rng: Generator, *, mix: bool) -> Picture:
        """Picture `index`, augmented, in `side_hw`.

        `mix` allows what the last epochs leave out: mosaic, mixup and cutmix.
        """
        recipe = self.recipe
        picture = self._compose(index, side_hw, rng, mix=mix)
        if mix and rng.random() < recipe.mixup:
            picture = mixup(picture, self._compose_another(index, side_hw, rng), rng)
        if mix and rng.random() < recipe.cutmix:
            picture = cutmix(picture, self._compose_another(index, side_hw, rng), rng)
        if rng.random() < recipe.copy_paste:
            picture = self._paste(picture, index, rng)
        picture = self._recolour(picture, rng)
        if rng.random() < recipe.gridmask:
            picture = gridmask(picture, rng)
        if rng.random() < recipe.flipud:
            picture = flip_vertical(picture)
        return flip_horizontal(picture) if rng.random() < recipe.fliplr else picture

    def _compose(
        self, index: int, side_hw: tuple[int, int], rng: Generator, *, mix: bool
    ) -> Picture:
        recipe, total = self.recipe, len(self.pictures)
        if mix and rng.random() < recipe.mosaic:
            is_nine = rng.random() < recipe.mosaic9
            others = rng.integers(total, size=8 if is_nine else 3).tolist()
            chosen = [self.pictures.get(each) for each in (index, *others)]
            collage = (lay_nine if is_nine else lay_four)(chosen, side_hw, rng)
        else:
            collage = lay_one(self.pictures.get(index), side_hw)
        how = Warp.centred(collage.size_hw, side_hw)
        if rng.random() < recipe.affine:
            limits = WarpRange(
                recipe.degrees,
                recipe.translate,
                recipe.scale,
                recipe.shear,
                recipe.perspective,
                self.zoom,
            )
            how = draw_warp(collage.size_hw, side_hw, limits, rng)
        return draw(collage, how, side_hw)

    def _another(self, index: int, rng: Generator) -> int:
        """Any picture but `index`, unless there is no other."""
        others = len(self.pictures) - 1
        return (index + 1 + int(rng.integers(others))) % (others + 1) if others else index

    def _compose_another(self, index: int, side_hw: tuple[int, int], rng: Generator) -> Picture:
        return self._compose(self._another(index, rng), side_hw, rng, mix=True)

    def _paste(self, picture: Picture, index: int, rng: Generator) -> Picture:
        donor = self.pictures.get(self._another(index, rng))
        # as large as if the donor had been letterboxed like the rest
        scale = max(Letterbox.fit(donor.size_hw, picture.size_hw).scale_xy)
        scale *= self.zoom
        backdrop = self.backdrops.of(donor.image_hwc)
        return paste_objects(picture, donor, rng, backdrop, scale)

    def _recolour(self, picture: Picture, rng: Generator) -> Picture:
        recipe, image = self.recipe, picture.image_hwc
        if rng.random() < recipe.hsv:
            image = random_hsv(image, (recipe.hsv_h, recipe.hsv_s, recipe.hsv_v), rng)
        if rng.random() < recipe.brightness_contrast:
            limits = (recipe.brightness, recipe.contrast)
            image = random_brightness_contrast(image, *limits, rng)
        if rng.random() < recipe.clahe:
            image = random_clahe(image, rng)
        if rng.random() < recipe.noise:
            image = random_noise(image, recipe.noise_levels, rng)
        return picture.with_image(image)
