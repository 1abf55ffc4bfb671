"""The merged set: what is taken of the previous and the new pictures, and into which split.

Pure: pictures are told apart by the digests of their files and by small versions of them.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from train.data.audit.scan import Look
from train.data.description import SPLITS
from train.data.likeness import alike_pairs

FROZEN_SAME = "left out (the same picture is in the frozen test set)"
FROZEN_ALIKE = "left out (they look like a picture of the frozen test set)"
TWICE = "there already, taken once"
RELABELLED = "labelled anew (the newest labels are taken)"
MOVED = "moved to the split of a picture that they look like"


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A picture and its labels (n, 5), with ids that count the classes of the merged set."""

    path: Path
    name: str
    split: str
    labels: NDArray[np.float32]
    look: Look


@dataclass(frozen=True, slots=True)
class Merged:
    """The pictures of the merged set, and what became of the others: counts of new and previous.

    `learned` are previous pictures to train on that are in the frozen set or look like one there.
    """

    pictures: tuple[Picture, ...]
    of_new: Counter[str]
    of_previous: Counter[str]
    left_out: tuple[str, ...]
    learned: int = 0


def merge(previous: Sequence[Picture], new: Sequence[Picture], frozen: Sequence[Picture]) -> Merged:
    """Previous and new pictures as one set, in which nothing of the frozen test set is.

    A picture that is there twice is taken once, in the split of the previous set and with the
    newest labels. New pictures that look like another one are in its split, so that none tests what
    was learned by heart.
    """
    of_new, of_previous = Counter[str](), Counter[str]()
    left_out: list[str] = []
    known: dict[bytes, Picture] = {}
    kept = list(_without(frozen, previous, of_previous, left_out))
    for picture in kept:
        of_previous[TWICE] += picture.look.digest in known
        known.setdefault(picture.look.digest, picture)
    fresh: dict[bytes, Picture] = {}
    for picture in _without(frozen, new, of_new, left_out):
        digest = picture.look.digest
        earlier = fresh.get(digest) or known.get(digest)
        if earlier is not None:
            of_new[TWICE] += 1
            of_new[RELABELLED] += not np.array_equal(earlier.labels, picture.labels)
        if digest in known:
            known[digest] = replace(known[digest], labels=picture.labels)
        else:
            fresh[digest] = picture
    settled = _settle(list(known.values()), list(fresh.values()), of_new)
    learned = _to_train_on(previous) - _to_train_on(kept)
    return Merged((*known.values(), *settled), +of_new, +of_previous, tuple(left_out), learned)


def _without(
    frozen: Sequence[Picture], pictures: Sequence[Picture], tally: Counter[str], told: list[str]
) -> Iterable[Picture]:
    """Those of `pictures` that are not in the frozen set, neither byte by byte nor to the eye."""
    digests = {one.look.digest for one in frozen}
    alike = {place for place, _ in alike_pairs(_minis(pictures), _minis(frozen))}
    for place, picture in enumerate(pictures):
        if picture.look.digest in digests:
            tally[FROZEN_SAME] += 1
        elif place in alike:
            tally[FROZEN_ALIKE] += 1
        else:
            yield picture
            continue
        told.append(picture.name)


def _settle(known: list[Picture], fresh: list[Picture], tally: Counter[str]) -> list[Picture]:
    """New pictures, those that look alike in one split: that of the previous set, else the first.

    Pictures that look like each other in a row, neighbour by neighbour, count as alike too.
    """
    minis = _minis(fresh)
    group = list(range(len(fresh)))
    for one, two in alike_pairs(minis, minis):
        low, high = sorted((group[one], group[two]))
        if low != high:
            group = [low if each == high else each for each in group]
    settled: dict[int, int] = {}
    for place, other in alike_pairs(minis, _minis(known)):
        rank = SPLITS.index(known[other].split)
        settled[group[place]] = min(rank, settled.get(group[place], rank))
    ranks = [SPLITS.index(one.split) for one in fresh]
    first: dict[int, int] = {}
    for each, rank in zip(group, ranks, strict=True):
        first[each] = min(rank, first.get(each, rank))
    wanted = [settled.get(each, first[each]) for each in group]
    tally[MOVED] += sum(now != before for now, before in zip(wanted, ranks, strict=True))
    return [replace(one, split=SPLITS[rank]) for one, rank in zip(fresh, wanted, strict=True)]


def _to_train_on(pictures: Sequence[Picture]) -> int:
    return sum(one.split == "train" for one in pictures)


def _minis(pictures: Sequence[Picture]) -> NDArray[np.uint8]:
    return np.array([one.look.mini for one in pictures], dtype=np.uint8).reshape(-1, 32, 32)
