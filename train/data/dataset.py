"""A YOLO data set on disk: `data.yaml`, folders of pictures, label files beside them."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import yaml
from numpy.typing import NDArray

from edgedet.errors import DataError
from train.data.labels import read_labels

IMAGE_SUFFIXES = frozenset({".bmp", ".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp"})


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
        image_bgr = cv2.imread(str(self.path), cv2.IMREAD_COLOR)
        if image_bgr is None:
            msg = f"cannot decode picture {self.path}; remove it or replace it"
            raise DataError(msg)
        return np.asarray(cv2.cvtColor(image_bgr, cv2.COLOR_BGR2RGB), dtype=np.uint8)


@dataclass(frozen=True, slots=True)
class DataSpec:
    """What `data.yaml` says: class names, and the pictures of each split, sorted by path."""

    path: Path
    class_names: tuple[str, ...]
    splits: dict[str, tuple[Path, ...]]

    def samples(self, split: str) -> list[Sample]:
        """The pictures of a split with their labels, read and checked.

        Raises:
            DataError: if the split is missing or empty, or a label file is wrong.
        """
        paths = self.splits.get(split)
        if not paths:
            state = "is not there" if paths is None else "has no pictures"
            msg = f"{self.path}: split '{split}' {state}; found {sorted(self.splits) or 'none'}"
            raise DataError(msg)
        count = len(self.class_names)
        return [Sample(path, read_labels(label_path(path), count)) for path in paths]

    def digest(self) -> str:
        """The id of this set: SHA-256 over class names, splits, and the bytes of every file."""
        total = hashlib.sha256("\n".join(self.class_names).encode())
        for split in sorted(self.splits):
            for path in self.splits[split]:
                total.update(f"\n{split}/{path.name}\n".encode())
                total.update(hashlib.sha256(path.read_bytes()).digest())
                labels = label_path(path)
                total.update(labels.read_bytes() if labels.is_file() else b"")
        return total.hexdigest()


def label_path(image_path: Path) -> Path:
    """Where the labels of a picture are: the last `images` folder in its path becomes `labels`.

    >>> label_path(Path("/data/images/site/images/train/7.jpg")).as_posix()
    '/data/images/site/labels/train/7.txt'
    """
    parts = list(image_path.parts)
    for index in range(len(parts) - 2, -1, -1):
        if parts[index] == "images":
            parts[index] = "labels"
            break
    return Path(*parts).with_suffix(".txt")


def read_data_yaml(path: Path) -> DataSpec:
    """The data set that a `data.yaml` describes.

    `train`, `val`, `test`: a folder, a list file (.txt), or a list of these, relative to the file
    or to its `path` key. `names`: a list, or a mapping from id to name. `nc` must agree if given.

    Raises:
        DataError: if the file cannot be read, or says something impossible.
    """
    content = _load_yaml(path)
    names = _class_names(content, path)
    root = path.parent
    if isinstance(content.get("path"), str):
        root = root / str(content["path"])
    splits = {
        split: tuple(sorted(_images(content[split], root, path)))
        for split in ("train", "val", "test")
        if content.get(split)
    }
    if not splits:
        msg = f"{path}: none of train, val, test is given; expected at least one folder of pictures"
        raise DataError(msg)
    return DataSpec(path, names, splits)


def _load_yaml(path: Path) -> dict[str, object]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as exc:
        msg = f"cannot read data set description {path}: {exc.strerror}"
        raise DataError(msg) from exc
    except (yaml.YAMLError, UnicodeDecodeError) as exc:
        msg = f"{path} is not YAML: {' '.join(str(exc).split())}"
        raise DataError(msg) from exc
    if not isinstance(content, dict):
        msg = f"{path} must be a mapping with train, val and names, got {type(content).__name__}"
        raise DataError(msg)
    return content


def _class_names(content: dict[str, object], path: Path) -> tuple[str, ...]:
    names = content.get("names")
    if isinstance(names, dict):
        if sorted(names) != list(range(len(names))):
            msg = f"{path}: names must be numbered from 0 without gaps, got {sorted(names)}"
            raise DataError(msg)
        names = [names[index] for index in range(len(names))]
    if not isinstance(names, list) or not names or len(set(map(str, names))) != len(names):
        msg = f"{path}: names must be a list of different class names, got {names!r}"
        raise DataError(msg)
    count = content.get("nc", len(names))
    if count != len(names):
        msg = f"{path}: nc is {count}, but names has {len(names)} entries"
        raise DataError(msg)
    return tuple(str(name) for name in names)


def _images(value: object, root: Path, where: Path) -> list[Path]:
    if isinstance(value, list):
        return [image for item in value for image in _images(item, root, where)]
    if not isinstance(value, str):
        msg = f"{where}: a split must be a folder, a list file or a list of them, got {value!r}"
        raise DataError(msg)
    place = (root / value).resolve()
    if place.is_dir():
        return [p for p in place.rglob("*") if p.suffix.lower() in IMAGE_SUFFIXES]
    if place.is_file() and place.suffix == ".txt":
        lines = place.read_text(encoding="utf-8").split("\n")
        found = [(place.parent / line.strip()).resolve() for line in lines if line.strip()]
        missing = next((p for p in found if not p.is_file()), None)
        if missing is not None:
            msg = f"{place} lists {missing}, which is not there"
            raise DataError(msg)
        return found
    msg = f"{where}: '{value}' is neither a folder nor a list file (looked at {place})"
    raise DataError(msg)
