"""The whole audit of a set."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from edgedet.errors import DataError
from train.data.audit.balance import SplitCounts, balance_findings, count_splits
from train.data.audit.findings import SEVERITIES, Finding, Place, finding
from train.data.audit.leakage import leakage_findings
from train.data.audit.rows import row_findings
from train.data.audit.scan import PictureFacts, scan
from train.data.audit.twins import twin_findings
from train.data.dataset import DataSpec
from train.data.description import (
    SPLITS,
    Description,
    find_pictures,
    label_path,
    load_description,
    picture_name,
)

_SMALL_PX = 32
_NO_LABELS = ("classes.txt", "train.txt", "val.txt", "test.txt")  # what tools put beside labels


@dataclass(frozen=True, slots=True)
class Audit:
    """What was looked at and what was found, the worst first."""

    description: Description
    image_size: int
    data_id: str
    counts: list[SplitCounts]
    findings: list[Finding]
    pictures: list[PictureFacts]

    @property
    def has_problems(self) -> bool:
        """Whether anything found is worse than a warning."""
        return any(found.severity == "problem" for found in self.findings)

    def to_json(self) -> dict[str, object]:
        """Everything found, as plain values."""
        names = self.description.class_names
        return {
            "schema": "edgedet.data-check/1",
            "data": str(self.description.path),
            "data_id": self.data_id,
            "image_size": self.image_size,
            "ok": not self.has_problems,
            "splits": {
                each.split: {
                    "pictures": each.pictures,
                    "objects": dict(zip(names, each.objects, strict=True)),
                    "pictures_with": dict(zip(names, each.pictures_with, strict=True)),
                    "without_objects": each.without_objects,
                    "without_label_file": each.without_file,
                }
                for each in self.counts
            },
            "findings": [
                {
                    "kind": found.kind,
                    "severity": found.severity,
                    "count": len(found.places),
                    "title": found.title,
                    "advice": found.advice,
                    "places": [_as_json(place) for place in found.places],
                }
                for found in self.findings
            ],
        }


def audit(
    data_yaml: Path,
    image_size: int,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Audit:
    """Look at every picture and label of a set; `progress` gets the pictures done and all.

    `image_size` is the side of the network's input, in pixels, which decides what is tiny.

    Raises:
        DataError: if `data_yaml` itself cannot be used.
    """
    description = load_description(data_yaml)
    splits, missing = _splits(description)
    listed = [(p, split, picture_name(description, p)) for split in splits for p in splits[split]]
    pictures = scan(listed, len(description.class_names), lambda done: progress(done, len(listed)))
    counts = count_splits(pictures, list(splits), len(description.class_names))
    found = [
        *finding("missing-split", missing),
        *_picture_findings(pictures),
        *row_findings(pictures, image_size),
        *twin_findings(pictures),
        *leakage_findings(pictures),
        *balance_findings(data_yaml, counts, description.class_names, pictures),
        *finding("label-without-picture", _lonely_labels(pictures)),
    ]
    found.sort(key=lambda each: SEVERITIES.index(each.severity))
    readable = all(facts.digest for facts in pictures) and bool(pictures)
    spec = DataSpec(data_yaml, description.class_names, splits)
    data_id = _id_of(spec) if readable else ""
    return Audit(description, image_size, data_id, counts, found, pictures)


def _id_of(spec: DataSpec) -> str:
    try:
        return spec.digest()
    except DataError:  # a file that cannot be read is among the findings
        return ""


def _splits(description: Description) -> tuple[dict[str, tuple[Path, ...]], list[Place]]:
    """The pictures of each split that has some, and the splits that have none."""
    splits: dict[str, tuple[Path, ...]] = {}
    missing = []
    for split in SPLITS:
        told = ""
        if split in description.places:
            try:
                splits[split] = find_pictures(description, split)
            except DataError as exc:
                told = str(exc)
            else:
                told = "" if splits[split] else f"split '{split}' has no pictures"
        elif split != "test":
            told = f"data.yaml does not name '{split}'"
        if told:
            missing.append(Place(description.path, split, told))
    return splits, missing


def _picture_findings(pictures: Sequence[PictureFacts]) -> list[Finding]:
    corrupt = [
        Place(facts.path, facts.split, facts.fault, picture=facts.path)
        for facts in pictures
        if facts.fault
    ]
    small = [
        Place(f.path, f.split, f"{f.wh[0]} x {f.wh[1]} px", picture=f.path)
        for f in pictures
        if f.wh is not None and min(f.wh) < _SMALL_PX
    ]
    return [*finding("corrupt-picture", corrupt), *finding("tiny-picture", small)]


def _lonely_labels(pictures: Sequence[PictureFacts]) -> list[Place]:
    """Label files in the folders of labels that belong to no picture of the set."""
    folders = {label_path(facts.path).parent: facts for facts in pictures}
    places = []
    for folder in sorted(path for path in folders if path.is_dir()):
        # pictures that no list names are none of our business, but their labels are not lonely
        own = folders[folder]
        stems = {path.stem for path in own.path.parent.iterdir() if path.suffix != ".txt"}
        places += [
            Place(label, own.split, "no picture of this name")
            for label in sorted(folder.glob("*.txt"))
            if label.stem not in stems and label.name not in _NO_LABELS
        ]
    return places


def _as_json(place: Place) -> dict[str, object]:
    content: dict[str, object] = {"path": str(place.path), "split": place.split}
    if place.line:
        content["line"] = place.line
    if place.told:
        content["told"] = place.told
    if place.other is not None:
        content["other"] = str(place.other)
    if place.box:
        content["box_cxcywh"] = [round(number, 6) for number in place.box]
    return content
