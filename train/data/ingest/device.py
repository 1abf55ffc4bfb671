"""What a device kept for labelling: the folder that its sampling or `edgedet learn export` wrote.

    images/<source>/<id>.jpg, images/<source>/<id>.json, labels/<source>/<id>.txt, classes.txt

The device wrote into the label files what its model saw. Trained on that, a model learns its own
mistakes; so a label file counts once a person has changed it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from edgedet.errors import DataError
from train.data.description import label_path
from train.data.ingest.annotated import Annotated, Tally
from train.data.ingest.yolo import boxes_in
from train.data.labels import read_label_text

SCHEMA = "edgedet.sample/1"
BY_HOUR = r"^(.*-\d{8}T\d{2})"
"""Groups of a split: frames that a source took within one hour are too alike to be parted."""
PREDICTED = (
    "pictures left out (their labels are the model's own; --accept-predictions if they are right)"
)
NO_LABELS = "pictures left out (no label file)"


@dataclass(frozen=True, slots=True)
class DeviceSamples:
    """Class names, pictures with boxes, and where and when they were taken."""

    class_names: tuple[str, ...]
    items: list[Annotated]
    origin: dict[str, object]


def read_device(
    folder: Path, labels: Path | None, tally: Tally, *, accepts_predictions: bool
) -> DeviceSamples:
    """The pictures of a device's folder that somebody has labelled.

    `labels`: a folder of label files, by source or flat, in place of those beside the pictures;
    then all of them count, and a picture without one is left out.

    Raises:
        DataError: if this is no such folder, classes do not fit, or nothing is labelled.
    """
    images = folder / "images"
    names = _class_names(folder / "classes.txt")
    pictures = sorted(images.rglob("*.jpg"))
    if not pictures:
        msg = f"no pictures below {images}; expected a folder that a device sampled into"
        raise DataError(msg)
    items, sources, captured = [], set[str](), list[str]()
    for path in pictures:
        facts = _facts(path.with_suffix(".json"))
        _check_classes(facts, names, path)
        label = _label_of(path, images, labels)
        if label is None:
            tally[NO_LABELS] += 1
            continue
        is_own = labels is None and facts.get("prediction") == read_label_text(label)
        if is_own and not accepts_predictions:
            tally[PREDICTED] += 1
            continue
        boxes = boxes_in(label, len(names), tally)
        name = path.relative_to(images).as_posix()
        items.append(Annotated(path, name, boxes, normalised=True))
        sources.add(str(facts.get("source", path.parent.name)))
        captured += [str(facts["captured"])] if "captured" in facts else []
    if not items:
        left = ", ".join(f"{count} {what}" for what, count in tally.items() if count)
        msg = f"{folder}: none of its {len(pictures)} pictures is labelled: {left}"
        raise DataError(msg)
    origin: dict[str, object] = {"sources": sorted(sources)}
    if captured:
        origin["captured"] = [min(captured), max(captured)]
    return DeviceSamples(names, items, {"device": origin})


def _class_names(path: Path) -> tuple[str, ...]:
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as exc:
        msg = f"cannot read class names {path}: {exc}; expected a folder that a device sampled into"
        raise DataError(msg) from exc
    names = tuple(line.strip() for line in lines if line.strip())
    if not names or len(set(names)) != len(names):
        msg = f"{path} must name different classes, a name a line, got {list(names)}"
        raise DataError(msg)
    return names


def _facts(path: Path) -> Mapping[str, object]:
    """What the device says of a picture; empty where it says nothing.

    Raises:
        DataError: if the file is there and is none of a device's.
    """
    if not path.is_file():
        return {}
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as exc:
        msg = f"cannot read {path}: {exc}"
        raise DataError(msg) from exc
    if not isinstance(facts, dict) or facts.get("schema") != SCHEMA:
        msg = f"{path} is not as a device writes it: expected schema {SCHEMA}"
        raise DataError(msg)
    return facts


def _check_classes(facts: Mapping[str, object], names: tuple[str, ...], picture: Path) -> None:
    """The model that labelled the picture had these classes, or the first of them.

    Raises:
        DataError: if its class ids mean something else.
    """
    own = facts.get("class_names")
    if not isinstance(own, list) or tuple(own) == names[: len(own)]:
        return
    msg = (
        f"{picture}: its model had the classes {own}, classes.txt has {list(names)}: the ids in its"
        " label file mean something else; take pictures of different models from different folders"
    )
    raise DataError(msg)


def _label_of(picture: Path, images: Path, labels: Path | None) -> Path | None:
    """The label file of a picture, None if there is none."""
    if labels is None:
        place = label_path(picture)
        return place if place.is_file() else None
    inside = picture.relative_to(images).with_suffix(".txt")
    places = (labels / inside, labels / inside.name)
    return next((place for place in places if place.is_file()), None)
