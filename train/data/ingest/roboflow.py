"""A Roboflow export in YOLO form, as a folder or a zip: YOLOv5, v7 and v8 PyTorch alike."""

import os
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from edgedet.errors import DataError
from train.data.description import class_names_of, label_path, load_yaml, pictures_below
from train.data.ingest.annotated import Annotated, Tally
from train.data.ingest.yolo import boxes_in

# our split → what exports call its key and its folder
_CALLED = {"train": ("train",), "val": ("val", "valid"), "test": ("test",)}
_NOTES = ("README.roboflow.txt", "README.dataset.txt")


@dataclass(frozen=True, slots=True)
class Export:
    """An export read. `origin` is what it says of itself; `told` what was not as it says."""

    class_names: tuple[str, ...]
    items: list[Annotated]
    origin: dict[str, object]
    notes: list[Path]
    told: list[str]


def read_export(folder: Path, tally: Tally) -> Export:
    """The pictures of an export with their boxes and splits.

    Its `data.yaml` is written for a training code's own folder, so a path that leads nowhere is
    looked for inside the export, where the folder of `val` is called `valid`. A path that leads
    out of the export is never followed: what is there belongs to another set.

    Raises:
        DataError: if this is no such export, or there is nothing to train on.
    """
    content = load_yaml(folder / "data.yaml")
    names = class_names_of(content, folder / "data.yaml")
    told: list[str] = []
    items: list[Annotated] = []
    for split, keys in _CALLED.items():
        images = _images_of(folder, keys, content, told)
        if images is None:
            continue
        pictures = sorted(map(Path, pictures_below(images)))
        if not pictures:
            told.append(f"{split}: {images.relative_to(folder)} has no pictures")
        for path in pictures:
            label = label_path(path)
            boxes = boxes_in(label if label.is_file() else None, len(names), tally)
            name = path.relative_to(images).as_posix()
            items.append(Annotated(path, name, boxes, split=split, normalised=True))
    if not any(item.split == "train" for item in items):
        msg = f"{folder}: no pictures to train on; expected them in train/images"
        raise DataError(msg)
    own = content.get("roboflow")
    origin = dict(own) if isinstance(own, dict) else {}
    notes = [folder / name for name in _NOTES if (folder / name).is_file()]
    return Export(names, items, {"roboflow": origin} if origin else {}, notes, told)


@contextmanager
def opened_export(source: Path, scratch: Path) -> Iterator[Path]:
    """The folder of an export; a zip is unpacked into `scratch` and removed afterwards.

    Raises:
        DataError: if there is no export at `source`, or the zip is damaged or does not fit.
    """
    if source.is_dir():
        yield _top(source, source)
        return
    with passing_folder(scratch) as place:
        _unpack(source, place)
        yield _top(place, source)


@contextmanager
def passing_folder(parent: Path) -> Iterator[Path]:
    """A new folder in `parent`, removed afterwards.

    Raises:
        DataError: if there can be none.
    """
    try:
        folder = tempfile.TemporaryDirectory(dir=parent, prefix=".export-")
    except OSError as exc:
        msg = f"cannot make a folder in {parent}: {exc.strerror}; choose another --out"
        raise DataError(msg) from exc
    with folder as place:
        yield Path(place)


def _unpack(source: Path, place: Path) -> None:
    try:
        with zipfile.ZipFile(source) as archive:
            needed = sum(entry.file_size for entry in archive.infolist())
            free = shutil.disk_usage(place).free
            if needed > free:
                msg = f"cannot unpack {source}: it needs {needed} bytes, {free} are free"
                raise DataError(msg)
            archive.extractall(place)
    except FileNotFoundError as exc:
        msg = f"no Roboflow export at {source}; expected a folder or a zip"
        raise DataError(msg) from exc
    except (OSError, zipfile.BadZipFile, RuntimeError, zlib.error) as exc:
        msg = f"cannot unpack {source}: {exc}"
        raise DataError(msg) from exc


def _top(folder: Path, source: Path) -> Path:
    """Where `data.yaml` is: in the folder, or in the only one inside it."""
    for place in (folder, *sorted(p for p in folder.iterdir() if p.is_dir())):
        if (place / "data.yaml").is_file():
            return place
    msg = f"{source} has no data.yaml; export the version as YOLOv7 PyTorch (or v5, v8)"
    raise DataError(msg)


def _images_of(
    folder: Path, keys: tuple[str, ...], content: dict[str, object], told: list[str]
) -> Path | None:
    """The folder of a split's pictures; a line in `told` if it is not where the export says."""
    said = next((str(content[key]) for key in keys if content.get(key)), None)
    inside = [folder / key / "images" for key in keys] + [folder / "images" / key for key in keys]
    places = inside
    meant = None
    if said is not None:
        steps = [step for step in Path(said).parts if step not in ("..", ".")]
        meant = Path(os.path.normpath(folder / said))
        places = [folder.joinpath(*steps[-2:]), *inside]
        if meant.is_relative_to(os.path.normpath(folder)):
            places.insert(0, folder / said)
    found = next((place for place in places if place.is_dir()), None)
    if found is None:
        if said is not None:
            told.append(f"{keys[0]}: data.yaml names {said}, which is not there")
        return None
    if said is None:
        told.append(f"{keys[0]}: not in data.yaml, taken from {found.relative_to(folder)}")
    elif Path(os.path.normpath(found)) != meant:
        told.append(f"{keys[0]}: data.yaml names {said}, taken from {found.relative_to(folder)}")
    return found
