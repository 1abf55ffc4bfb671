"""The first steps of a refresh: new labels taken, merged with the previous set, and checked."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import yaml

from edgedet.errors import DataError
from edgedet.files import write_whole
from edgedet.manifest import Bundle
from train.data.audit import Audit, audit
from train.data.dataset import read_data_yaml
from train.data.description import load_description
from train.data.ingest.annotated import Tally
from train.data.ingest.classes import joined_names
from train.data.ingest.folder import SetFolder
from train.data.ingest.split import Shares
from train.data.ingest.write import write_pictures as write_annotated
from train.refresh.incoming import Incoming, from_device, from_roboflow, from_yolo
from train.refresh.journal import Journal
from train.refresh.merge import Merged, Picture, merge
from train.refresh.newest import NEWEST, hold_out
from train.refresh.options import NewLabels, RefreshOptions
from train.refresh.sets import (
    ORIGIN_KEY,
    previous_splits,
    read_pictures,
    scored_split,
    write_pictures,
)

LABELS, MERGE, CHECK = "labels", "merge", "check"
_AS_THEY_ARE = {"train": "train", "val": "val", NEWEST: NEWEST}
OWN_TEST = "left out (a test split that no refresh made: it stays a test)"
_NAMED = 20  # of the pictures that are left out


def merged_yaml(out: Path) -> Path:
    """The merged set: train, val, and as test the newest frames."""
    return out / "merged" / "data.yaml"


def scored_yaml(out: Path) -> Path:
    """The merged train split beside the frozen test set as val: what INT8 is made and judged by."""
    return out / "scored.yaml"


def take_labels(options: RefreshOptions, journal: Journal, api_key: str) -> Mapping[str, object]:
    """Make the set `new` of the new labels, the newest held out.

    Raises:
        DataError: if there are none, or they cannot be read.
    """
    scratch = journal.fresh("incoming")  # on the disk of the set, so that pictures can be linked
    with _incoming(options.new, api_key, scratch) as found:
        shares = Shares(options.val_share, options.newest_share, options.seed)
        items, how = hold_out(found.items, shares)
        with SetFolder(journal.fresh("new"), link=True) as folder:
            written = write_annotated(items, folder, lambda _: None)
            folder.finish(found.class_names, found.origin)
    journal.fresh("incoming")
    tally = Tally(written.tally)
    tally.update(found.tally)
    return {
        "pictures": sum(written.images.values()),
        "objects": written.total_objects,
        "classes": list(found.class_names),
        "how": how,
        "left_out_or_changed": {what: count for what, count in tally.items() if count},
        "told": found.told,
        "origin": found.origin,
    }


def merge_sets(options: RefreshOptions, journal: Journal, deployed: Bundle) -> dict[str, object]:
    """Write the sets `merged` and `frozen`, with the class order of the deployed model.

    Raises:
        DataError: if a set cannot be read, or nothing is left to train on or to choose by.
    """
    out = journal.folder
    new_yaml, known = out / "new" / "data.yaml", deployed.manifest.class_names
    sets = [new_yaml] if options.previous is None else [options.previous, new_yaml]
    names = joined_names(known, *(load_description(path).class_names for path in sets))
    frozen = _frozen(options, names)
    previous: list[Picture] = []
    not_taken: dict[str, int] = {}
    if options.previous is not None:
        splits = previous_splits(options.previous)
        previous = read_pictures(options.previous, names, splits)
        if NEWEST not in splits:
            not_taken[OWN_TEST] = len(read_data_yaml(options.previous).splits.get(NEWEST, ()))
    merged = merge(previous, read_pictures(new_yaml, names, _AS_THEY_ARE), frozen)
    _check_merged(merged)
    origin: dict[str, object] = {ORIGIN_KEY: {"model": deployed.digest}}
    path, changed = write_pictures(journal.fresh("merged"), names, merged.pictures, origin)
    write_pictures(journal.fresh("frozen"), names, frozen, {})
    _write_scored(out, names)
    counts = {split: sum(one.split == split for one in merged.pictures) for split in _AS_THEY_ARE}
    return {
        "classes": list(names),
        "pictures": {"previous": len(previous), **counts, "frozen": len(frozen)},
        "objects": sum(len(one.labels) for one in merged.pictures),
        "of_new": dict(merged.of_new),
        "of_previous": dict(merged.of_previous + Counter(not_taken)),
        "learned": merged.learned,
        "written": dict(+changed),
        "left_out": list(merged.left_out[:_NAMED]),
        "merged_id": read_data_yaml(path).digest(),
        "frozen_id": read_data_yaml(options.test).digest(),
    }


def check_merged(journal: Journal, image_size: int) -> Audit:
    """The audit of the merged set, at the size that the network sees.

    Raises:
        DataError: if the set cannot be used.
    """
    return audit(merged_yaml(journal.folder), image_size)


def audit_facts(found: Audit) -> dict[str, object]:
    """What of an audit goes into the report."""
    return {
        "problems": found.has_problems,
        "findings": [
            {"severity": one.severity, "title": one.title, "count": len(one.places)}
            for one in found.findings
        ],
    }


@contextmanager
def _incoming(new: NewLabels, api_key: str, scratch: Path) -> Iterator[Incoming]:
    if new.samples is not None:
        yield from_device(new.samples, new.labels, accepts_predictions=new.accepts_predictions)
    elif new.data is not None:
        yield from_yolo(new.data)
    else:
        scratch.mkdir()
        with from_roboflow(new.roboflow, api_key, scratch) as found:
            yield found


def _frozen(options: RefreshOptions, names: Sequence[str]) -> list[Picture]:
    """The pictures of the frozen test set.

    Raises:
        DataError: if there are none, or they have a class that nobody learns.
    """
    spec = read_data_yaml(options.test)
    foreign = [name for name in spec.class_names if name not in names]
    if foreign:
        msg = (
            f"{options.test}: its class {foreign[0]} is known neither to the model nor to the "
            f"labels ({', '.join(names)}); nothing would learn it: correct the name, or label some"
        )
        raise DataError(msg)
    return read_pictures(options.test, names, {scored_split(spec, options.test_split): "val"})


def _check_merged(merged: Merged) -> None:
    left = ", ".join(f"{count} {what}" for what, count in merged.of_new.items())
    for split, work in (("train", "to train on"), ("val", "to choose the best epoch by")):
        if not any(one.split == split for one in merged.pictures):
            msg = (
                f"no picture is left {work} (of the new ones: {left or 'nothing was left out'}); "
                "label more, or give a --previous set that has some"
            )
            raise DataError(msg)


def _write_scored(out: Path, names: Sequence[str]) -> None:
    places = {"train": "merged/images/train", "val": "frozen/images/val"}
    text = yaml.safe_dump(places | {"names": list(names)}, sort_keys=False, allow_unicode=True)
    try:
        write_whole(scored_yaml(out), text.encode())
    except OSError as exc:
        msg = f"cannot write {scored_yaml(out)}: {exc.strerror or exc}"
        raise DataError(msg) from exc
