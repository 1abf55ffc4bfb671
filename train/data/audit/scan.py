"""Every picture and label file of a set, read once."""

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from edgedet.errors import DataError
from train.data.audit.whole import fault_of
from train.data.description import label_path
from train.data.labels import ParsedLabels, parse_labels, read_label_text
from train.data.likeness import difference_hash, miniature

_THREADS = min(os.cpu_count() or 1, 8)
_AT_ONCE = 64

ItemT = TypeVar("ItemT")
FoundT = TypeVar("FoundT")


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """A picture file without its labels: what `PictureFacts` says of it."""

    wh: tuple[int, int] | None
    fault: str
    digest: bytes
    mini: NDArray[np.uint8]
    hash_bits: int


@dataclass(frozen=True, slots=True, eq=False)
class PictureFacts:
    """A picture of a split, what it looks like small, and its labels.

    `name` tells pictures of one place apart; `wh` is the size in pixels as shown, None if it cannot
    be decoded, and then `fault` says why. `labels` is None without a label file, or where that
    cannot be read, and then `label_fault` says why.
    """

    path: Path
    split: str
    name: str
    wh: tuple[int, int] | None
    fault: str
    digest: bytes
    mini: NDArray[np.uint8]
    hash_bits: int
    labels: ParsedLabels | None
    label_fault: str

    @property
    def objects(self) -> int:
        """Number of objects that can be learned from."""
        return 0 if self.labels is None else len(self.labels.rows)


def scan(
    pictures: Sequence[tuple[Path, str, str]], class_count: int, progress: Callable[[int], None]
) -> list[PictureFacts]:
    """The facts of pictures given as path, split and name, in the same order."""
    found = []
    for done, facts in enumerate(_each(pictures, lambda one: _facts_of(one, class_count)), 1):
        found.append(facts)
        progress(done)
    return found


def look_at(paths: Sequence[Path]) -> list[Look]:
    """What picture files are, in the same order, without their labels."""
    return list(_each(paths, _look))


def _each(items: Sequence[ItemT], work: Callable[[ItemT], FoundT]) -> Iterator[FoundT]:
    with ThreadPoolExecutor(_THREADS) as pool:
        for start in range(0, len(items), _AT_ONCE):
            yield from pool.map(work, items[start : start + _AT_ONCE])


def _facts_of(picture: tuple[Path, str, str], class_count: int) -> PictureFacts:
    path, split, name = picture
    look = _look(path)
    labels, label_fault = _labels(path, class_count)
    return PictureFacts(
        path=path,
        split=split,
        name=name,
        wh=look.wh,
        fault=look.fault,
        digest=look.digest,
        mini=look.mini,
        hash_bits=look.hash_bits,
        labels=labels,
        label_fault=label_fault,
    )


def _look(path: Path) -> Look:
    content, fault = b"", ""
    try:
        content = path.read_bytes()
    except OSError as exc:
        fault = f"cannot be read: {exc.strerror}"
    image = None
    if not fault:
        fault = fault_of(content)
        image = _decoded(content)
        fault = fault or ("" if image is not None else "cannot be decoded")
    mini = np.zeros((32, 32), dtype=np.uint8) if image is None else miniature(image)
    return Look(
        wh=None if image is None else (image.shape[1], image.shape[0]),
        fault=fault,
        digest=hashlib.sha256(content).digest(),
        mini=mini,
        hash_bits=difference_hash(mini),
    )


def _decoded(content: bytes) -> NDArray[np.uint8] | None:
    if not content:
        return None
    try:
        image = cv2.imdecode(np.frombuffer(content, dtype=np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:
        return None
    return None if image is None else np.asarray(image[:, :, ::-1], dtype=np.uint8)


def _labels(path: Path, class_count: int) -> tuple[ParsedLabels | None, str]:
    label = label_path(path)
    if not label.is_file():
        return None, ""
    try:
        return parse_labels(read_label_text(label), class_count), ""
    except DataError as exc:
        return None, f"cannot be read: {exc.__cause__}"
