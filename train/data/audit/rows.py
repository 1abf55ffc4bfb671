"""What is wrong or odd in label files, row by row, and in the sizes of boxes."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from edgedet.vision import Letterbox
from train.data.audit.findings import Finding, Place, finding
from train.data.audit.scan import PictureFacts
from train.data.description import label_path

_TINY_PX = 2.0
_THIN = 20.0  # length by width; anchors with the usual limit of 4 reach 16 or so
_WHOLE = 0.95  # of the picture's area


def row_findings(pictures: Sequence[PictureFacts], image_size: int) -> list[Finding]:
    """Rows that cannot be right, rows that repeat, and boxes too small, thin or large.

    `image_size` is the side of the network's input, in pixels.
    """
    places: dict[str, list[Place]] = defaultdict(list)
    owners: dict[Path, Path] = {}
    for facts in pictures:
        label = label_path(facts.path)
        owner = owners.setdefault(label, facts.path)
        if owner != facts.path and (facts.labels is not None or facts.label_fault):
            told = f"is that of {facts.path.name} and of {owner.name}"
            places["shared-labels"].append(Place(label, facts.split, told, 0, facts.path, owner))
        if facts.label_fault:
            places["unreadable-labels"].append(Place(label, facts.split, facts.label_fault))
        if facts.labels is None:
            continue
        for problem in facts.labels.problems:
            place = Place(
                label, facts.split, problem.told, problem.line, facts.path, box=problem.row[1:]
            )
            places[problem.fault].append(place)
        for line in facts.labels.repeated:
            place = Place(label, facts.split, "repeats another row", line, facts.path)
            places["repeated-row"].append(place)
        if facts.wh is not None:
            for kind, place in _box_places(facts, label, facts.wh, image_size):
                places[kind].append(place)
    order = (
        "unreadable-labels", "shared-labels", "not-a-row", "unknown-class", "no-size", "outside",
        "repeated-row", "below-a-pixel", "tiny-box", "thin-box", "whole-picture",
    )  # fmt: skip
    return [found for kind in order for found in finding(kind, places[kind])]


def _box_places(
    facts: PictureFacts, label: Path, wh: tuple[int, int], image_size: int
) -> list[tuple[str, Place]]:
    if facts.labels is None:
        return []
    width, height = wh
    scale_x, scale_y = Letterbox.fit((height, width), (image_size, image_size)).scale_xy
    found = []
    for line, row in zip(facts.labels.lines, facts.labels.rows.tolist(), strict=True):
        w, h = row[3] * width, row[4] * height
        told = f"{w:.1f} x {h:.1f} px in a picture of {width} x {height}"
        kind = ""
        if min(w, h) < 1:
            kind = "below-a-pixel"
        elif min(w * scale_x, h * scale_y) < _TINY_PX:
            kind = "tiny-box"
        elif max(w, h) > _THIN * min(w, h):
            kind = "thin-box"
        elif row[3] * row[4] >= _WHOLE:
            kind = "whole-picture"
        if kind:
            place = Place(label, facts.split, told, line, facts.path, box=tuple(row[1:]))
            found.append((kind, place))
    return found
