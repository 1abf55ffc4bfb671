"""Who of the new pictures is held out: the newest of each camera, for they are what comes next."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from train.data.ingest.annotated import Annotated
from train.data.ingest.split import Shares, split
from train.refresh.provenance import provenance_of

NEWEST = "test"
"""The split of the newest pictures: scored once, trained on at the next refresh."""


def hold_out(items: Sequence[Annotated], shares: Shares) -> tuple[list[Annotated], str]:
    """The pictures with their splits, and in words how they were chosen.

    Of each camera, the last `shares.test` by time are the newest, those before them are `val` (by
    which the best epoch is chosen), the others `train`. Pictures whose names say no moment are
    split as `train ingest` does it.

    Raises:
        DataError: if there are too few pictures for the shares.
    """
    timed: dict[str, list[tuple[str, int]]] = defaultdict(list)
    others = []
    for index, item in enumerate(items):
        origin = provenance_of(item.name)
        if origin.moment:
            timed[origin.source_id].append((origin.moment, index))
        else:
            others.append(index)
    chosen = list(items)
    for frames in timed.values():
        for index, name in _by_time([index for _, index in sorted(frames)], shares).items():
            chosen[index] = replace(items[index], split=name)
    told = [f"the newest of each of {len(timed)} cameras by time"] if timed else []
    if others:
        rest, how = split([items[index] for index in others], shares)
        for index, item in zip(others, rest, strict=True):
            chosen[index] = item
        told.append(f"{len(others)} pictures whose names say no time {how}")
    return chosen, "; ".join(told)


def _by_time(indices: Sequence[int], shares: Shares) -> dict[int, str]:
    """The split of each of one camera's pictures, given from the oldest to the newest."""
    count = len(indices)
    newest, val = _share(count, shares.test), _share(count, shares.val)
    names = ["train"] * (count - val - newest) + ["val"] * val + [NEWEST] * newest
    return dict(zip(indices, names, strict=True))


def _share(count: int, share: float) -> int:
    """So many of `count`: at least one where half of one would be right."""
    return int(count * share + 0.5)
