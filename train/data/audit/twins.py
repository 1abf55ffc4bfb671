"""Pictures that are there twice: byte by byte, or to the eye; within a split, or across them."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from train.data.audit.findings import Finding, Place, finding
from train.data.audit.scan import PictureFacts
from train.data.likeness import COARSE_LEVELS, coarse, look_the_same, source_stem

_NEAR_BITS = 8  # of 64 that may differ before pictures are not even compared
_NEIGHBOURS = 16  # compared with each picture in each order
_MANY = 0.05  # share of a split from which pictures seen elsewhere spoil its score
_CHUNK = 4096


def twin_findings(pictures: Sequence[PictureFacts]) -> list[Finding]:
    """Equal and nearly equal pictures; across splits they make scores worth less."""
    sound = [facts for facts in pictures if facts.wh is not None]
    same, same_across = _equal(sound)
    taken = {place.path for place in (*same, *same_across)}
    near, near_across = _alike([facts for facts in sound if facts.path not in taken])
    versions = _versions(sound, taken)
    return [
        *finding("same-picture-across-splits", same_across),
        *finding("versions-across-splits", versions),
        *_weighed(finding("near-picture-across-splits", near_across), pictures),
        *finding("same-picture", same),
        *finding("near-picture", near),
    ]


def near_pairs(minis: NDArray[np.uint8], hashes: Sequence[int]) -> list[tuple[int, int]]:
    """Pairs of miniatures (N, 32, 32) that look the same, among likely ones.

    Comparing each with each takes too long for 100 000 pictures. So they are sorted by their hash,
    begun at each of its eight bytes in turn, and as they are given; in each order a picture is
    compared with the sixteen that follow.
    """
    count = len(hashes)
    bits = np.array(hashes, dtype=np.uint64)
    rough = coarse(minis)
    turned = [(bits << np.uint64(8 * n)) | (bits >> np.uint64(64 - 8 * n)) for n in range(1, 8)]
    orders = [np.arange(count), *(np.argsort(each, kind="stable") for each in (bits, *turned))]
    found: set[tuple[int, int]] = set()
    for order in orders:
        for step in range(1, min(_NEIGHBOURS + 1, count)):
            first, second = order[:-step], order[step:]
            likely = _popcount(bits[first] ^ bits[second]) <= _NEAR_BITS
            first, second = first[likely], second[likely]
            for start in range(0, len(first), _CHUNK):
                one, two = first[start : start + _CHUNK], second[start : start + _CHUNK]
                close = np.abs(rough[one] - rough[two]).max(axis=(1, 2)) <= COARSE_LEVELS
                one, two = one[close], two[close]
                if not len(one):
                    continue
                alike = look_the_same(minis[one], minis[two])
                pairs = zip(one[alike].tolist(), two[alike].tolist(), strict=True)
                found.update((min(pair), max(pair)) for pair in pairs)
    return sorted(found)


def _popcount(values: NDArray[np.uint64]) -> NDArray[np.int64]:
    as_bytes = values[:, None].view(np.uint8)
    return np.asarray(np.unpackbits(as_bytes, axis=1).sum(axis=1), dtype=np.int64)


def _equal(pictures: Sequence[PictureFacts]) -> tuple[list[Place], list[Place]]:
    groups: dict[bytes, list[PictureFacts]] = defaultdict(list)
    for facts in pictures:
        groups[facts.digest].append(facts)
    within: list[Place] = []
    across: list[Place] = []
    for group in groups.values():
        for facts in group[1:]:
            other = next((g for g in group if g.split != facts.split), None)
            if other is not None:
                across.append(_place(facts, other, "the same bytes as"))
            else:
                within.append(_place(facts, group[0], "the same bytes as"))
    return within, across


def _alike(pictures: Sequence[PictureFacts]) -> tuple[list[Place], list[Place]]:
    if len(pictures) < 2:
        return [], []
    minis = np.stack([facts.mini for facts in pictures])
    within: dict[int, Place] = {}
    across: dict[int, Place] = {}
    for one, two in near_pairs(minis, [facts.hash_bits for facts in pictures]):
        first, second = pictures[one], pictures[two]
        if first.split == second.split:
            within.setdefault(two, _place(second, first, "looks like"))
        else:
            # told at the picture that is scored
            index, other = (one, two) if second.split == "train" else (two, one)
            place = _place(pictures[index], pictures[other], "looks like")
            across.setdefault(index, place)
    return list(within.values()), list(across.values())


def _versions(pictures: Sequence[PictureFacts], taken: set[Path]) -> list[Place]:
    """Pictures that Roboflow made of one source, told by their names."""
    seen: dict[str, PictureFacts] = {}
    places = []
    for facts in pictures:
        stem = PurePosixPath(facts.name).stem
        source = source_stem(stem)
        if source == stem or facts.path in taken:
            continue
        first = seen.setdefault(source, facts)
        if first.split != facts.split:
            places.append(_place(facts, first, "a version of the same picture as"))
    return places


def _weighed(found: list[Finding], pictures: Sequence[PictureFacts]) -> list[Finding]:
    """A few alike are what a clean cut through a clip leaves; many are a problem."""
    if not found:
        return []
    for split in {place.split for place in found[0].places}:
        total = sum(1 for facts in pictures if facts.split == split)
        alike = sum(1 for place in found[0].places if place.split == split)
        if alike > max(_MANY * total, 1):
            return [found[0].at("problem")]
    return found


def _place(facts: PictureFacts, other: PictureFacts, what: str) -> Place:
    told = f"{what} {other.path}" + (f" in {other.split}" if other.split != facts.split else "")
    return Place(facts.path, facts.split, told, picture=facts.path, other=other.path)
