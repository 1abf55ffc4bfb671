"""A YOLO data set on disk: `data.yaml`, folders of pictures, label files beside them."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edgedet.errors import DataError
from train.data.cache import FileTable, cache_folder, stamp_of
from train.data.description import (
    IMAGE_SUFFIXES,
    find_pictures,
    label_path,
    load_description,
)
from train.data.digest import label_texts, picture_digests, set_id
from train.data.labels import parse_labels, read_label_text

__all__ = ["IMAGE_SUFFIXES", "DataSpec", "Sample", "label_path", "load_picture", "read_data_yaml"]


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """One picture and its objects. `labels` float32 (n, 5): class id, cx, cy, w, h in [0, 1]."""

    path: Path
    labels: NDArray[np.float32]

    def load(self) -> NDArray[np.uint8]:
        """The picture as RGB (H, W, 3), turned as its EXIF orientation says.

        Raises:
            DataError: if it cannot be decoded.
        """
        return load_picture(self.path)


@dataclass(frozen=True, slots=True)
class DataSpec:
    """What `data.yaml` says: class names, and the pictures of each split, sorted by path."""

    path: Path
    class_names: tuple[str, ...]
    splits: dict[str, tuple[Path, ...]]

    def samples(self, split: str) -> list[Sample]:
        """The pictures of a split with their labels, read and checked.

        Raises:
            DataError: if the split is missing or empty, a label file is wrong, or there is nothing
                to learn from in `train`.
        """
        paths = self.splits.get(split)
        if not paths:
            state = "is not there" if paths is None else "has no pictures"
            msg = f"{self.path}: split '{split}' {state}; found {sorted(self.splits) or 'none'}"
            raise DataError(msg)
        samples = self._read_labels(split, paths)
        if split == "train" and not any(len(sample.labels) for sample in samples):
            label = label_path(paths[0])
            state = "is empty too" if label.is_file() else "is not there"
            msg = (
                f"{self.path}: split 'train' has {len(paths)} pictures and no label at all; the "
                f"labels of {paths[0]} are looked for in {label}, which {state}"
            )
            raise DataError(msg)
        return samples

    def digest(self) -> str:
        """The id of this set: SHA-256 over class names, splits, and the bytes of every file.

        The same files have the same id wherever they lie.
        """
        folder, names = cache_folder(self.path), sorted(self.splits)
        tables = {split: self._table_name(split) for split in names}
        return set_id(
            self.class_names,
            [
                (
                    split,
                    list(
                        zip(
                            [path.name for path in self.splits[split]],
                            picture_digests(self.splits[split], folder, tables[split]),
                            label_texts(
                                [label_path(path) for path in self.splits[split]],
                                folder,
                                tables[split],
                            ),
                            strict=True,
                        )
                    ),
                )
                for split in names
            ],
        )

    def _table_name(self, split: str) -> str:
        """Of a cache file: several descriptions in one folder do not get into each other's way."""
        described = hashlib.sha256(os.fsencode(self.path.name)).hexdigest()[:8]
        return f"{split}-{described}"

    def _read_labels(self, split: str, paths: tuple[Path, ...]) -> list[Sample]:
        count = len(self.class_names)
        table = FileTable(
            cache_folder(self.path), f"labels-{self._table_name(split)}-{count}", (5,), np.float32
        )
        samples, problems, wrong_files = [], [], 0
        for path in paths:
            label = label_path(path)
            stamp = stamp_of(label)
            rows = None if stamp is None else table.get(str(label), stamp)
            if stamp is None:
                rows = np.zeros((0, 5), dtype=np.float32)
            elif rows is None:
                parsed = parse_labels(read_label_text(label), count)
                rows = parsed.rows
                problems += [f"{label}:{p.line}: {p.told}" for p in parsed.problems]
                wrong_files += bool(parsed.problems)
                if not parsed.problems:
                    table.put(str(label), stamp, rows)
            samples.append(Sample(path, np.asarray(rows, dtype=np.float32)))
        table.save()
        if problems:
            more = (
                f"; and {len(problems) - 1} more rows like this in {wrong_files} files, see "
                f"`python -m train check {self.path}`"
            )
            raise DataError(problems[0] + (more if len(problems) > 1 else ""))
        return samples


def load_picture(path: Path) -> NDArray[np.uint8]:
    """A picture file as RGB (H, W, 3) uint8, turned as its EXIF orientation says.

    Grey pictures get three equal planes, 16 bits become 8, transparency is dropped, and of several
    frames the first one counts.

    Raises:
        DataError: if it cannot be read or decoded.
    """
    try:
        content = np.fromfile(path, dtype=np.uint8)  # not imread: it takes no name that is no text
        image_bgr = cv2.imdecode(content, cv2.IMREAD_COLOR) if len(content) else None
    except (OSError, cv2.error) as exc:
        msg = f"cannot read picture {path}: {' '.join(str(exc).split())}"
        raise DataError(msg) from exc
    if image_bgr is None:
        msg = f"cannot decode picture {path}; remove it or replace it"
        raise DataError(msg)
    return np.asarray(cv2.cvtColor(image_bgr, cv2.COLOR_BGR2RGB), dtype=np.uint8)


def read_data_yaml(path: Path) -> DataSpec:
    """The data set that a `data.yaml` describes, see `load_description`.

    Raises:
        DataError: if the file cannot be read, or says something impossible.
    """
    description = load_description(path)
    splits = {split: find_pictures(description, split) for split in description.places}
    return DataSpec(path, description.class_names, splits)
