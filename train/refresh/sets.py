"""The sets of a refresh on disk: read as pictures that can be merged, written as one set."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from edgedet.errors import DataError
from train.data.audit.scan import look_at
from train.data.dataset import DataSpec, read_data_yaml
from train.data.description import SPLITS, load_description, load_yaml, picture_name
from train.data.ingest.classes import renumbered
from train.data.ingest.folder import SetFolder
from train.refresh.merge import Picture
from train.refresh.newest import NEWEST

ORIGIN_KEY = "refresh"
"""In `origin` of a merged set's `data.yaml`: its test split are the newest frames of that time."""


def read_pictures(
    data_yaml: Path, wanted: Sequence[str], splits: Mapping[str, str]
) -> list[Picture]:
    """The pictures of a set with class ids that count `wanted`.

    Args:
        data_yaml: The set.
        wanted: All of its class names, and others.
        splits: What is read, and the split that it goes to.

    Raises:
        DataError: if labels are wrong, or a picture cannot be decoded.
    """
    description, spec = load_description(data_yaml), read_data_yaml(data_yaml)
    found: list[Picture] = []
    for split, goes_to in splits.items():
        if not spec.splits.get(split):
            continue
        samples = spec.samples(split)
        for sample, look in zip(samples, look_at([one.path for one in samples]), strict=True):
            if look.fault:
                msg = (
                    f"{sample.path}: {look.fault}; `python -m train check --fix {data_yaml}` puts "
                    "such pictures aside"
                )
                raise DataError(msg)
            labels = renumbered(sample.labels, spec.class_names, wanted)
            name = picture_name(description, sample.path)
            found.append(Picture(sample.path, name, goes_to, labels, look))
    return found


def previous_splits(data_yaml: Path) -> dict[str, str]:
    """What of a previous set is taken, and where to: the newest of an earlier refresh to train.

    Another set's own test split is its owner's, and is left alone.

    Raises:
        DataError: if the file cannot be read.
    """
    origin = load_yaml(data_yaml).get("origin")
    taken = {"train": "train", "val": "val"}
    if isinstance(origin, dict) and ORIGIN_KEY in origin:
        taken[NEWEST] = "train"
    return taken


def scored_split(spec: DataSpec, wanted: str) -> str:
    """The split of the frozen set to score on: the wanted one, or for `auto` test, else val.

    Raises:
        DataError: if there are no pictures in it.
    """
    choices = ("test", "val", "train") if wanted == "auto" else (wanted,)
    found = next((split for split in choices if spec.splits.get(split)), None)
    if found is None:
        has = ", ".join(split for split in SPLITS if spec.splits.get(split)) or "no pictures at all"
        msg = f"{spec.path}: nothing to test on in {' or '.join(choices)}; it has {has}"
        raise DataError(msg)
    return found


def write_pictures(
    folder: Path, names: tuple[str, ...], pictures: Sequence[Picture], origin: dict[str, object]
) -> tuple[Path, Counter[str]]:
    """Write a set of hard links (copies, where links cannot be); its `data.yaml` and tally.

    Raises:
        DataError: if it cannot be written.
    """
    with SetFolder(folder, link=True) as target:
        for picture in pictures:
            target.add(picture.split, picture.name, picture.path, picture.labels)
        return target.finish(names, origin), target.tally
