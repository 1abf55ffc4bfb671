"""Which pictures are frames of one clip, told by their names and by how alike neighbours look."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from train.data.likeness import source_stem

MIN_FRAMES = 8  # fewer numbered pictures are not worth calling a clip
_LOOKS = 16  # pairs of neighbours looked at, evenly spaced
# Mean difference of grey levels. Frames of a fixed camera: 1 to 5; of one that moves: up to 15;
# pictures of different things: 40 and more.
_ALIKE_LEVELS = 16.0
_NUMBERED = re.compile(r"^(.*?)(\d+)$")


@dataclass(frozen=True, slots=True)
class Clip:
    """Pictures of one clip in order: their indices, and their frame numbers."""

    name: str
    indices: tuple[int, ...]
    numbers: tuple[int, ...]


def find_clips(names: Sequence[str], look: Callable[[int], NDArray[np.uint8] | None]) -> list[Clip]:
    """The clips among pictures with these names (relative, with `/`), sorted by name.

    `look` gives the miniature of a picture by its index, or None if it has none. Pictures belong to
    a clip if they lie in one folder, are called alike but for a number at the end, and if those
    with neighbouring numbers look alike.
    """
    series: dict[str, list[tuple[int, int]]] = {}
    for index, name in enumerate(names):
        folder, _, file = name.rpartition("/")
        found = _NUMBERED.match(source_stem(file.rpartition(".")[0]))
        if found:
            series.setdefault(f"{folder}/{found[1]}", []).append((int(found[2]), index))
    clips = []
    for name in sorted(series):
        frames = sorted(series[name])
        indices = [index for _, index in frames]
        if len(frames) >= MIN_FRAMES and _neighbours_look_alike(indices, look):
            numbers = tuple(number for number, _ in frames)
            clips.append(Clip(name.lstrip("/"), tuple(indices), numbers))
    return clips


def _neighbours_look_alike(
    indices: list[int], look: Callable[[int], NDArray[np.uint8] | None]
) -> bool:
    pairs = list(pairwise(indices))
    chosen = pairs[:: max(len(pairs) // _LOOKS, 1)][:_LOOKS]
    seen = [(look(first), look(second)) for first, second in chosen]
    differences = [
        float(np.abs(first.astype(np.int16) - second.astype(np.int16)).mean())
        for first, second in seen
        if first is not None and second is not None
    ]
    return bool(differences) and float(np.median(differences)) < _ALIKE_LEVELS
