"""Annotated pictures, looked at one by one and written as a set."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edgedet.errors import DataError
from train.data.dataset import load_picture
from train.data.description import SPLITS
from train.data.ingest.annotated import Annotated, Box, Tally, to_labels
from train.data.ingest.folder import SetFolder

CORRUPT = "pictures left out (they cannot be decoded)"
OTHER_SHAPE = "pictures left out (another shape than the annotation says)"
RESIZED = "pictures of another size than annotated, boxes scaled"
TURNED = "pictures annotated before they were turned (EXIF), boxes turned"
_THREADS = 4
_AT_ONCE = 32
_SAME_ASPECT = 0.01  # relative difference below which a picture is taken to be resized

_TURNS: tuple[Callable[[NDArray[np.uint8]], NDArray[np.uint8]], ...] = (
    lambda image: image.transpose(1, 0, 2),
    lambda image: np.rot90(image, -1),
    lambda image: np.rot90(image, 1),
    lambda image: np.rot90(image, 2).transpose(1, 0, 2),
)


@dataclass(slots=True)
class Written:
    """What became of the pictures: by split, and by class and split; and what was left out."""

    images: Counter[str] = field(default_factory=Counter)
    objects: Counter[tuple[str, int]] = field(default_factory=Counter)
    tally: Tally = field(default_factory=Tally)

    def count(self, split: str, labels: NDArray[np.float32]) -> None:
        """Take note of one more picture."""
        self.images[split] += 1
        self.objects.update((split, int(class_id)) for class_id in labels[:, 0])

    @property
    def total_objects(self) -> int:
        """Of all splits."""
        return sum(self.objects.values())

    def missing_classes(self, class_names: Sequence[str]) -> list[str]:
        """Lines about classes that have no object in a split that has pictures."""
        lines = []
        for split in (name for name in SPLITS if self.images[name]):
            names = [n for i, n in enumerate(class_names) if not self.objects[split, i]]
            if names:
                lines.append(f"no object of {', '.join(names)} in {split}")
        return lines


def write_pictures(
    items: Sequence[Annotated], folder: SetFolder, progress: Callable[[int], None]
) -> Written:
    """Decode every picture, turn its boxes into labels, and write both to `folder`.

    Raises:
        DataError: if something cannot be written, or no object is left.
    """
    written = Written()
    for done, (item, labels) in enumerate(_labelled(items, written.tally), start=1):
        if labels is not None:
            folder.add(item.split, item.name, item.path, labels)
            written.count(item.split, labels)
        progress(done)
    if not written.total_objects:
        left_out = ", ".join(f"{count} {what}" for what, count in written.tally.items() if count)
        msg = f"no object is left in {len(items)} pictures ({left_out or 'there are no labels'})"
        raise DataError(msg)
    written.tally.update(folder.tally)
    return written


def labels_of(item: Annotated, tally: Tally) -> NDArray[np.float32] | None:
    """Labels (n, 5) of a picture as `Sample.load` shows it; None if it cannot be used."""
    try:
        image = load_picture(item.path)
    except DataError:
        tally[CORRUPT] += 1
        return None
    height, width = image.shape[:2]
    if item.normalised:
        return to_labels(item.boxes, (1.0, 1.0), tally)
    if item.annotated_wh in (None, (width, height)):
        return to_labels(item.boxes, (width, height), tally)
    return _labels_of_another_size(item, item.annotated_wh, image, tally)


def _labels_of_another_size(
    item: Annotated, annotated_wh: tuple[int, int], image: NDArray[np.uint8], tally: Tally
) -> NDArray[np.float32] | None:
    height, width = image.shape[:2]
    turn = _turn_of(item.path, image) if annotated_wh == (height, width) else None
    if turn is not None:
        tally[TURNED] += 1
        boxes = tuple(_turned(box, turn, height, width) for box in item.boxes)
        return to_labels(boxes, (width, height), tally)
    annotated_w, annotated_h = annotated_wh
    if abs(annotated_w / annotated_h / (width / height) - 1) > _SAME_ASPECT:
        tally[OTHER_SHAPE] += 1
        return None
    tally[RESIZED] += 1
    return to_labels(item.boxes, (annotated_w, annotated_h), tally)


def _labelled(
    items: Sequence[Annotated], tally: Tally
) -> Iterator[tuple[Annotated, NDArray[np.float32] | None]]:
    """Labels in the order of the pictures; OpenCV decodes in several threads at once."""

    def work(item: Annotated) -> tuple[Annotated, NDArray[np.float32] | None, Tally]:
        own = Tally()
        return item, labels_of(item, own), own

    with ThreadPoolExecutor(_THREADS) as pool:
        for start in range(0, len(items), _AT_ONCE):
            for item, labels, own in pool.map(work, items[start : start + _AT_ONCE]):
                tally.update(own)
                yield item, labels


def _turn_of(path: Path, shown: NDArray[np.uint8]) -> int | None:
    """Which of `_TURNS` makes the stored pixels those shown; None if they are not turned."""
    flags = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
    stored = cv2.imdecode(np.fromfile(path, dtype=np.uint8), flags)
    if stored is None:
        return None
    stored_rgb = np.asarray(stored[:, :, ::-1], dtype=np.uint8)
    return next(
        (n for n, turn in enumerate(_TURNS) if np.array_equal(turn(stored_rgb), shown)), None
    )


def _turned(box: Box, turn: int, stored_w: int, stored_h: int) -> Box:
    """A box in stored pixels, as it lies in the picture shown. Stored sizes in pixels."""
    flip_x = turn in (1, 3)  # what was the lower edge becomes the left one
    flip_y = turn in (2, 3)
    x1, x2 = (stored_h - box.y2, stored_h - box.y1) if flip_x else (box.y1, box.y2)
    y1, y2 = (stored_w - box.x2, stored_w - box.x1) if flip_y else (box.x1, box.x2)
    return Box(box.class_id, x1, y1, x2, y2)
