"""Pascal VOC: an XML file for each picture."""

import xml.etree.ElementTree as ET
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from edgedet.errors import DataError
from train.data.ingest.annotated import Annotated, Box, Tally
from train.data.ingest.coco import NOT_THERE
from train.data.ingest.files import PictureFiles

DIFFICULT = "difficult objects left out"
TRUNCATED = "truncated objects left out"
OTHER_CLASS = "objects left out (a class that was not asked for)"
FROM_ZERO = "boxes at pixel 0, which VOC does not have (if pixels count from 0, add --zero-based)"


@dataclass(frozen=True, slots=True)
class VocPolicy:
    """What becomes of objects with a flag, and whether the first pixel is called 1, as VOC has it.

    `class_names` empty: every name found, sorted.
    """

    keep_difficult: bool = False
    keep_truncated: bool = True
    zero_based: bool = False
    class_names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Object:
    name: str
    corners: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class _Page:
    path: Path
    file_name: str
    wh: tuple[int, int] | None
    objects: tuple[_Object, ...]


def read_voc(
    annotations: Path, images: Path, policy: VocPolicy, tally: Tally
) -> tuple[tuple[str, ...], list[Annotated]]:
    """Class names, and the pictures with their boxes.

    VOC's pixels are counted from 1 and a box holds both its edges, so `xmin` 1, `xmax` 10 is ten
    pixels wide; with `zero_based`, edges are taken as they are.

    Raises:
        DataError: if there are no files, one is not of that form, or no picture is there.
    """
    paths = sorted(annotations.rglob("*.xml")) if annotations.is_dir() else []
    if not paths:
        msg = f"no .xml below {annotations}; expected Pascal VOC annotations, a file a picture"
        raise DataError(msg)
    pages = [_read_page(path, policy, tally) for path in paths]
    found = Counter(each.name for page in pages for each in page.objects)
    names = policy.class_names or tuple(sorted(found))
    if not names:
        msg = f"{annotations}: {len(paths)} files and not one object"
        raise DataError(msg)
    files = PictureFiles(images)
    items = []
    for page in pages:
        place = _picture_of(page, files)
        if place is None:
            tally[NOT_THERE] += 1
            continue
        boxes = tuple(
            Box(names.index(each.name), *each.corners)
            for each in page.objects
            if each.name in names
        )
        tally[OTHER_CLASS] += len(page.objects) - len(boxes)
        items.append(Annotated(place, files.name_of(place), boxes, page.wh))
    if not items:
        msg = f"none of the {len(pages)} pictures in {annotations} is below {images}"
        raise DataError(msg)
    return names, items


def read_image_sets(folder: Path, items: list[Annotated]) -> dict[str, str]:
    """Stem of a picture → split, from VOC's `train.txt`, `val.txt`, `test.txt` in a folder.

    Raises:
        DataError: if a list cannot be read, a picture is in two of them, or none in any.
    """
    chosen: dict[str, str] = {}
    for split in ("train", "val", "test"):
        path = folder / f"{split}.txt"
        if not path.is_file():
            continue
        for line in _lines_of(path):
            words = line.split()
            if words and chosen.setdefault(words[0], split) != split:
                msg = f"{path} lists {words[0]}, which is in {chosen[words[0]]} already"
                raise DataError(msg)
    if not any(item.path.stem in chosen for item in items):
        msg = f"{folder}: no train.txt, val.txt or test.txt that lists one of the pictures"
        raise DataError(msg)
    return chosen


def _lines_of(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as exc:
        msg = f"cannot read list of pictures {path}: {exc}"
        raise DataError(msg) from exc


def _read_page(path: Path, policy: VocPolicy, tally: Tally) -> _Page:
    try:
        content = path.read_bytes()
        if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
            msg = f"{path} declares a document type; annotations have none, and it is not read"
            raise DataError(msg)
        root = ET.fromstring(content)  # noqa: S314 - no entities, see above
    except OSError as exc:
        msg = f"cannot read annotation {path}: {exc.strerror}"
        raise DataError(msg) from exc
    except (ET.ParseError, LookupError, ValueError) as exc:  # the latter two: of its encoding
        msg = f"{path} is not XML that can be read: {exc}"
        raise DataError(msg) from exc
    if root.tag != "annotation":
        msg = f"{path}: <{root.tag}>, expected <annotation> of Pascal VOC"
        raise DataError(msg)
    objects = []
    for element in root.iter("object"):
        if element.findtext("difficult", "0").strip() == "1" and not policy.keep_difficult:
            tally[DIFFICULT] += 1
        elif element.findtext("truncated", "0").strip() == "1" and not policy.keep_truncated:
            tally[TRUNCATED] += 1
        else:
            objects.append(_object(element, path, policy, tally))
    name = (root.findtext("filename") or "").strip()
    return _Page(path, name, _size(root), tuple(objects))


def _object(element: ET.Element, path: Path, policy: VocPolicy, tally: Tally) -> _Object:
    name = (element.findtext("name") or "").strip()
    texts = [element.findtext(f"bndbox/{edge}") for edge in ("xmin", "ymin", "xmax", "ymax")]
    try:
        x1, y1, x2, y2 = (float(text or "") for text in texts)
    except ValueError as exc:
        msg = f"{path}: object '{name}' has the box {texts}, expected four numbers"
        raise DataError(msg) from exc
    if not name:
        msg = f"{path}: an object has no name"
        raise DataError(msg)
    if policy.zero_based:
        return _Object(name, (x1, y1, x2, y2))
    tally[FROM_ZERO] += int(x1 == 0 or y1 == 0)
    return _Object(name, (x1 - 1, y1 - 1, x2, y2))


def _size(root: ET.Element) -> tuple[int, int] | None:
    """Width and height as annotated; None where the file does not say, or says 0."""
    texts = root.findtext("size/width", "0"), root.findtext("size/height", "0")
    try:
        width, height = (int(float(text)) for text in texts)
    except (ValueError, OverflowError):
        return None
    return (width, height) if width > 0 and height > 0 else None


def _picture_of(page: _Page, files: PictureFiles) -> Path | None:
    """By the name in the file; tools write wrong ones, so else by the name of the file itself."""
    found = files.find(page.file_name) if page.file_name else None
    return found or files.find_stem(page.path.stem)
