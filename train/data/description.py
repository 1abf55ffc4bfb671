"""`data.yaml` and the pictures that it leads to."""

import os
from dataclasses import dataclass
from pathlib import Path

import yaml

from edgedet.errors import DataError

IMAGE_SUFFIXES = frozenset({".bmp", ".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp"})
SPLITS = ("train", "val", "test")


@dataclass(frozen=True, slots=True)
class Description:
    """What a `data.yaml` says. `places` are the folders and list files of each split given."""

    path: Path
    class_names: tuple[str, ...]
    places: dict[str, tuple[Path, ...]]


def load_description(path: Path) -> Description:
    """What `data.yaml` says, without looking for the pictures.

    `train`, `val`, `test`: a folder, a list file (.txt), or a list of these, relative to the file
    or to its `path` key. `names`: a list, or a mapping from id to name. `nc` must agree if given.

    Raises:
        DataError: if the file cannot be read, or says something impossible.
    """
    content = load_yaml(path)
    names = class_names_of(content, path)
    for other in ("valid", "validation"):
        if content.get(other) is not None and content.get("val") is None:
            msg = f"{path}: key '{other}' is not known; call the split 'val'"
            raise DataError(msg)
    root = path.parent
    if isinstance(content.get("path"), str):
        root = root / str(content["path"])
    places = {
        split: tuple(_places(content[split], root, path))
        for split in SPLITS
        if content.get(split) is not None
    }
    if not places:
        msg = f"{path}: none of train, val, test is given; expected at least one folder of pictures"
        raise DataError(msg)
    return Description(path, names, places)


def find_pictures(description: Description, split: str) -> tuple[Path, ...]:
    """The pictures of a split, sorted; links stay what they are called, hidden files are skipped.

    Raises:
        DataError: if a place is not there, or a list names pictures that are not.
    """
    found = [
        picture
        for place in description.places[split]
        for picture in _in_place(place, description, split)
    ]
    return tuple(map(Path, sorted(found)))


def picture_name(description: Description, path: Path) -> str:
    """The path below the split's folder: what a picture keeps when it changes the split."""
    for places in description.places.values():
        for place in places:
            if place.suffix != ".txt" and path.is_relative_to(place):
                return path.relative_to(place).as_posix()
    return path.as_posix()


def label_path(image_path: Path) -> Path:
    """Where the labels of a picture are: the last `images` folder in its path becomes `labels`.

    >>> label_path(Path("/data/images/site/images/train/7.jpg")).as_posix()
    '/data/images/site/labels/train/7.txt'
    """
    # strings, not Path.parts: this runs for each of 100 000 pictures
    folder, name = os.path.split(image_path)
    parts = folder.split(os.sep)  # noqa: PTH206
    for index in range(len(parts) - 1, -1, -1):
        if parts[index] == "images":
            parts[index] = "labels"
            break
    stem, _ = os.path.splitext(name)  # noqa: PTH122
    return Path(os.sep.join(parts), f"{stem}.txt")  # noqa: PTH118


def pictures_below(folder: Path) -> list[str]:
    """Every picture in a folder and the folders in it, links to folders followed once each."""
    found: list[str] = []
    seen: set[str] = set()
    waiting = [str(folder)]
    while waiting:
        place = waiting.pop()
        true_place = os.path.realpath(place)
        if true_place in seen:
            continue
        seen.add(true_place)
        with os.scandir(place) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                if entry.is_dir():
                    waiting.append(entry.path)
                elif os.path.splitext(entry.name)[1].lower() in IMAGE_SUFFIXES:  # noqa: PTH122
                    found.append(entry.path)
    return found


def load_yaml(path: Path) -> dict[str, object]:
    """The mapping in a YAML file, read without running anything that it says.

    Raises:
        DataError: if it cannot be read, or is no mapping.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
    except OSError as exc:
        msg = f"cannot read data set description {path}: {exc.strerror}"
        raise DataError(msg) from exc
    except (yaml.YAMLError, ValueError) as exc:  # ValueError: no UTF-8, or 2026-13-45
        msg = f"{path} is not YAML: {' '.join(str(exc).split())}"
        raise DataError(msg) from exc
    if not isinstance(content, dict):
        msg = f"{path} must be a mapping with train, val and names, got {type(content).__name__}"
        raise DataError(msg)
    return content


def class_names_of(content: dict[str, object], path: Path) -> tuple[str, ...]:
    """The class names that a `data.yaml` gives, in order of their ids.

    Raises:
        DataError: if there are none, one is there twice, or `nc` is another number.
    """
    names = content.get("names")
    if isinstance(names, dict):
        if set(names) != set(range(len(names))):
            msg = f"{path}: names must be numbered from 0 without gaps, got {list(names)}"
            raise DataError(msg)
        names = [names[index] for index in range(len(names))]
    if not isinstance(names, list) or not names or len(set(map(str, names))) != len(names):
        msg = f"{path}: names must be a list of different class names, got {names!r}"
        raise DataError(msg)
    unclear = [n for n in names if isinstance(n, bool) or not isinstance(n, str | int)]
    if unclear:  # a bare no is False in YAML, and a bare 1.10 is 1.1
        msg = f"{path}: names has {unclear[0]!r}, which is no text in YAML; write it in quotes"
        raise DataError(msg)
    count = content.get("nc", len(names))
    if count != len(names):
        msg = f"{path}: nc is {count!r}, but names has {len(names)} entries"
        raise DataError(msg)
    return tuple(str(name) for name in names)


def _places(value: object, root: Path, where: Path) -> list[Path]:
    if isinstance(value, list):
        return [place for item in value for place in _places(item, root, where)]
    if not isinstance(value, str) or not value.strip():
        msg = f"{where}: a split must be a folder, a list file or a list of them, got {value!r}"
        raise DataError(msg)
    # not resolve(): the labels of a linked folder lie beside the link
    return [Path(os.path.abspath(root / value))]  # noqa: PTH100


def _in_place(place: Path, description: Description, split: str) -> list[str]:
    if os.path.isdir(place):  # noqa: PTH112 - False for names that no disk takes
        try:
            return pictures_below(place)
        except OSError as exc:
            msg = f"{description.path}: cannot read folder {exc.filename}: {exc.strerror}"
            raise DataError(msg) from exc
    if place.suffix == ".txt" and os.path.isfile(place):  # noqa: PTH113
        return _listed(place, description.path.parent)
    msg = (
        f"{description.path}: split '{split}': {place} is neither a folder nor a list file"
        f"{_hint(place, description.path)}"
    )
    raise DataError(msg)


def _listed(list_file: Path, root: Path) -> list[str]:
    """The pictures that a list names, relative to its own folder or to that of `data.yaml`."""
    try:
        lines = list_file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as exc:
        msg = f"cannot read list of pictures {list_file}: {exc}"
        raise DataError(msg) from exc
    found: list[str] = []
    missing: list[str] = []
    for line in filter(None, map(str.strip, lines)):
        tried = [os.path.abspath(base / line) for base in (list_file.parent, root)]  # noqa: PTH100
        there = next((path for path in tried if os.path.isfile(path)), None)  # noqa: PTH113
        (missing if there is None else found).append(there or tried[0])
    if missing:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        msg = f"{list_file} lists {missing[0]}{more}, which is not there"
        raise DataError(msg)
    return found


def _hint(place: Path, data_yaml: Path) -> str:
    """For exports whose paths are meant from another folder: where the pictures seem to be."""
    for folder in (data_yaml.parent / Path(*place.parts[-2:]), data_yaml.parent / place.name):
        if os.path.isdir(folder):  # noqa: PTH112
            return (
                f"; there is {folder}, though: correct the path, or let `python -m train ingest "
                "roboflow` read the export"
            )
    return ""
