"""Who goes to train and who to val: by time, by group or by chance, but always the same way."""

import hashlib
import os
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edgedet.errors import DataError, UsageError
from train.data.clips import Clip, find_clips
from train.data.digest import picture_digests
from train.data.ingest.annotated import Annotated
from train.data.likeness import miniature, source_stem

BY_FOLDER = "folder"


@dataclass(frozen=True, slots=True)
class Shares:
    """Shares of the pictures for `val` and `test`, a seed, and what keeps pictures together.

    `group_by`: a pattern whose first group (or whole match) in a picture's name is its group,
    `folder`, or empty: frames of a clip are split by time, other pictures by chance.
    """

    val: float = 0.2
    test: float = 0.0
    seed: int = 0
    group_by: str = ""

    def __post_init__(self) -> None:
        """Refuse shares that leave nothing.

        Raises:
            UsageError: if a share is negative, or nothing is left to train on.
        """
        if not (0 <= self.val < 1 and 0 <= self.test < 1 and self.val + self.test < 1):
            msg = (
                f"--val-share {self.val:g}, --test-share {self.test:g}: expected shares from 0, "
                "together less than 1"
            )
            raise UsageError(msg)


def split(items: Sequence[Annotated], shares: Shares) -> tuple[list[Annotated], str]:
    """The pictures with their splits, and in words how they were chosen.

    Pictures with the same bytes, and Roboflow's versions of one picture, are never parted.

    Raises:
        DataError: if there are too few pictures for the shares, or `group_by` fits none.
        UsageError: if `group_by` is no pattern.
    """
    if shares.group_by:
        groups = _groups(items, shares.group_by)
        chosen = _by_chance(groups, shares)
        how = f"by group ('{shares.group_by}', {len(groups)} groups, seed {shares.seed})"
    else:
        chosen, how = _by_time_or_chance(items, shares)
    sizes = Counter(chosen.values())
    wanted = {"train": 1.0, "val": shares.val, "test": shares.test}
    empty = [name for name, share in wanted.items() if share > 0 and not sizes[name]]
    if empty:
        msg = (
            f"{len(items)} pictures are too few, or too few groups of them, for shares of "
            f"{shares.val:g} for val and {shares.test:g} for test: {empty[0]} stays empty"
        )
        raise DataError(msg)
    return [replace(item, split=chosen[index]) for index, item in enumerate(items)], how


def _by_time_or_chance(items: Sequence[Annotated], shares: Shares) -> tuple[dict[int, str], str]:
    clips = find_clips([item.name for item in items], lambda index: _look(items[index].path))
    chosen: dict[int, str] = {}
    for clip in clips:
        chosen |= _by_time(clip, shares)
    others = [index for index in range(len(items)) if index not in chosen]
    if others:
        digests = _digests([items[index].path for index in others])
        chosen |= _by_chance(_same_pictures(items, others, digests), shares)
    by_time = f"by time ({sum(len(c.indices) for c in clips)} frames of {len(clips)} clips)"
    by_chance = f"by chance (seed {shares.seed}, {len(others)} pictures)"
    return chosen, " and ".join(
        ([by_time] if clips else []) + ([by_chance] if others or not clips else [])
    )


def _by_time(clip: Clip, shares: Shares) -> dict[int, str]:
    """The clip's beginning to train, its end to val and test."""
    count = len(clip.indices)
    test = round(count * shares.test)
    val = round(count * shares.val)
    names = ["train"] * (count - val - test) + ["val"] * val + ["test"] * test
    return dict(zip(clip.indices, names, strict=True))


def _by_chance(groups: dict[str, list[int]], shares: Shares) -> dict[int, str]:
    """Whole groups to val and test until they have their share, in an order made by the seed."""
    total = sum(map(len, groups.values()))
    order = sorted(groups, key=lambda name: _hashed(shares.seed, name))
    room = {"val": total * shares.val, "test": total * shares.test}
    chosen: dict[int, str] = {}
    for name in order:
        members = groups[name]
        # a group goes where it brings the share nearer to what was asked for
        fits = next((s for s, left in room.items() if left > 0 and len(members) < 2 * left), None)
        if fits is not None:
            room[fits] -= len(members)
        chosen |= dict.fromkeys(members, fits or "train")
    return chosen


def _hashed(seed: int, name: str) -> bytes:
    return hashlib.sha256(f"{seed}\0{name}".encode("utf-8", "surrogateescape")).digest()


def _groups(items: Sequence[Annotated], group_by: str) -> dict[str, list[int]]:
    find = _finder(group_by)
    found = [find(item.name) for item in items]
    unmatched = [item.name for item, group in zip(items, found, strict=True) if group is None]
    if unmatched:
        msg = (
            f"--group-by '{group_by}' fits {len(items) - len(unmatched)} of {len(items)} names; "
            f"it does not fit '{unmatched[0]}'"
        )
        raise DataError(msg)
    groups: dict[str, list[int]] = defaultdict(list)
    for index, group in enumerate(found):
        groups[str(group)].append(index)
    return dict(groups)


def _finder(group_by: str) -> Callable[[str], str | None]:
    if group_by == BY_FOLDER:
        return lambda name: name.rpartition("/")[0]
    try:
        pattern = re.compile(group_by)
    except re.error as exc:
        msg = f"--group-by '{group_by}' is neither 'folder' nor a regular expression: {exc}"
        raise UsageError(msg) from exc

    def find(name: str) -> str | None:
        found = pattern.search(name)
        return None if found is None else (found[1] if pattern.groups else found[0])

    return find


def _same_pictures(
    items: Sequence[Annotated], indices: list[int], digests: list[bytes]
) -> dict[str, list[int]]:
    """Pictures that must stay together: equal bytes, or versions of one source."""
    group_of: dict[bytes, str] = {}
    groups: dict[str, list[int]] = defaultdict(list)
    for index, digest in zip(indices, digests, strict=True):
        folder, _, file = items[index].name.rpartition("/")
        stem = file.rpartition(".")[0]
        source = source_stem(stem)
        name = f"{folder}/{source}" if source != stem else items[index].name
        groups[group_of.setdefault(digest, name)].append(index)
    return dict(groups)


def _digests(paths: list[Path]) -> list[bytes]:
    """SHA-256 of each file; a link to nowhere, which is left out later, has its name instead."""
    there = [path for path in paths if path.is_file()]
    known = dict(zip(there, picture_digests(there, None, ""), strict=True))
    return [known.get(path, os.fsencode(path)) for path in paths]


def _look(path: Path) -> NDArray[np.uint8] | None:
    try:
        content = np.fromfile(path, dtype=np.uint8)
        image = cv2.imdecode(content, cv2.IMREAD_REDUCED_GRAYSCALE_4) if len(content) else None
    except (OSError, cv2.error):
        return None
    return None if image is None else miniature(np.asarray(image, dtype=np.uint8))
