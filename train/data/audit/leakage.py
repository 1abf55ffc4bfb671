"""Frames of one clip that lie next to each other in time and in different splits."""

from collections.abc import Sequence

import numpy as np

from train.data.audit.findings import Finding, Place, finding
from train.data.audit.scan import PictureFacts
from train.data.clips import Clip, find_clips

_MANY = 0.1  # share of the scored frames of a clip; a cut through it leaves one or two


def leakage_findings(pictures: Sequence[PictureFacts]) -> list[Finding]:
    """Frames of val and test whose neighbour in time is in train, if they are more than a cut."""
    sound = [facts for facts in pictures if facts.wh is not None]
    clips = find_clips([facts.name for facts in sound], lambda index: sound[index].mini)
    places = [place for clip in clips for place in _in_clip(clip, sound)]
    return finding("neighbours-across-splits", places)


def _in_clip(clip: Clip, pictures: Sequence[PictureFacts]) -> list[Place]:
    frames = [pictures[index] for index in clip.indices]
    trained = np.array(
        [n for n, facts in zip(clip.numbers, frames, strict=True) if facts.split == "train"]
    )
    scored = [
        (number, facts)
        for number, facts in zip(clip.numbers, frames, strict=True)
        if facts.split != "train"
    ]
    if not len(trained) or not scored:
        return []
    step = max(float(np.median(np.diff(np.array(clip.numbers)))), 1.0)
    places = []
    for number, facts in scored:
        nearest = int(trained[np.abs(trained - number).argmin()])
        if abs(nearest - number) <= step:
            told = f"frame {number} in {facts.split}, frame {nearest} in train"
            other = next(
                each
                for n, each in zip(clip.numbers, frames, strict=True)
                if n == nearest and each.split == "train"
            )
            place = Place(facts.path, facts.split, told, picture=facts.path, other=other.path)
            places.append(place)
    return places if len(places) > max(_MANY * len(scored), 2) else []
