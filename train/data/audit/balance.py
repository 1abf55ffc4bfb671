"""How many pictures and objects of each class there are, and where some are missing."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from train.data.audit.findings import Finding, Place, finding
from train.data.audit.scan import PictureFacts
from train.data.description import label_path

_RARE = 10
_MANY_UNLABELLED = 0.1  # of a split


@dataclass(frozen=True, slots=True)
class SplitCounts:
    """A split in numbers. `objects` and `pictures_with` have one number a class."""

    split: str
    pictures: int
    objects: tuple[int, ...]
    pictures_with: tuple[int, ...]
    without_objects: int
    without_file: int


def count_splits(
    pictures: Sequence[PictureFacts], splits: Sequence[str], class_count: int
) -> list[SplitCounts]:
    """The numbers of each split, in the order given."""
    counts = []
    for split in splits:
        own = [facts for facts in pictures if facts.split == split]
        objects: Counter[int] = Counter()
        pictures_with: Counter[int] = Counter()
        for facts in own:
            if facts.labels is not None:
                ids = facts.labels.rows[:, 0].astype(int).tolist()
                objects.update(ids)
                pictures_with.update(set(ids))
        counts.append(
            SplitCounts(
                split,
                len(own),
                tuple(objects[number] for number in range(class_count)),
                tuple(pictures_with[number] for number in range(class_count)),
                sum(1 for facts in own if facts.objects == 0),
                sum(1 for facts in own if facts.labels is None and not facts.label_fault),
            )
        )
    return counts


def balance_findings(
    data_yaml: Path,
    counts: Sequence[SplitCounts],
    class_names: Sequence[str],
    pictures: Sequence[PictureFacts],
) -> list[Finding]:
    """Classes that are missing or rare, and pictures without labels."""
    train = next((each for each in counts if each.split == "train"), None)
    only_scored, without, rare = [], [], []
    for number, name in enumerate(class_names):
        for each in counts:
            if not each.pictures or each.objects[number]:
                continue
            scored = [c.split for c in counts if c.objects[number]]
            if each is train and scored:
                told = f"'{name}' has objects in {', '.join(scored)} and none in train"
                only_scored.append(Place(data_yaml, "train", told))
            else:
                told = f"'{name}' has no object in {each.split}"
                without.append(Place(data_yaml, each.split, told))
        if train is not None and 0 < train.objects[number] < _RARE:
            told = f"'{name}' has {train.objects[number]} objects in train"
            rare.append(Place(data_yaml, "train", told))
    return [
        *_without_any(data_yaml, train),
        *finding("class-only-scored", only_scored),
        *finding("class-without-objects", without),
        *finding("rare-class", rare),
        *_unlabelled(pictures, counts),
    ]


def _without_any(data_yaml: Path, train: SplitCounts | None) -> list[Finding]:
    if train is None or not train.pictures or any(train.objects):
        return []
    told = f"train has {train.pictures} pictures and no object"
    return finding("no-objects", [Place(data_yaml, "train", told)])


def _unlabelled(pictures: Sequence[PictureFacts], counts: Sequence[SplitCounts]) -> list[Finding]:
    no_file, background = [], []
    for facts in pictures:
        if facts.labels is None and not facts.label_fault:
            told = f"no {label_path(facts.path).name}"
            no_file.append(Place(facts.path, facts.split, told, picture=facts.path))
        elif facts.objects == 0 and facts.labels is not None and not facts.labels.problems:
            background.append(Place(facts.path, facts.split, picture=facts.path))
    found = finding("no-label-file", no_file)
    if not any(each.without_file > _MANY_UNLABELLED * each.pictures for each in counts):
        found = [each.at("note") for each in found]
    return [*found, *finding("background", background)]
