"""COCO instances JSON: pictures, annotations, categories."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from edgedet.errors import DataError
from train.data.description import IMAGE_SUFFIXES
from train.data.ingest.annotated import NO_SIZE, Annotated, Box, Tally
from train.data.ingest.files import PictureFiles

CROWD = "crowd annotations left out"
NO_PICTURE = "annotations left out (of a picture that the file does not list)"
NOT_THERE = "pictures left out (no such file)"
OTHER_KIND = "pictures left out (of a kind that is not read)"
PARENT = "categories left out (only the parent of others, without annotations)"


@dataclass(frozen=True, slots=True)
class CocoFile:
    """A file read: class names in order of category id, and its pictures."""

    class_names: tuple[str, ...]
    items: list[Annotated]


def read_coco(path: Path, images: Path, split: str, tally: Tally) -> CocoFile:
    """The pictures of a COCO file with their boxes, class ids from 0 in order of category id.

    A box is the annotation's `bbox`, or what is around its polygons or mask where it has none.

    Raises:
        DataError: if the file is not of that form, or none of its pictures is there.
    """
    content = _load(path)
    categories = _categories(content, path, tally)
    listed = _by_id(content, "images", path)
    boxes: dict[object, list[Box]] = defaultdict(list)
    for number, annotation in enumerate(_list(content, "annotations", path)):
        where = f"{path}: annotations[{number}]"
        if annotation.get("iscrowd"):
            tally[CROWD] += 1
        elif _id(annotation, "image_id", where) not in listed:
            tally[NO_PICTURE] += 1
        else:
            class_id = _class_of(annotation, categories, where)
            box = _box(annotation, class_id, where)
            if box is None:
                tally[NO_SIZE] += 1
            else:
                boxes[_id(annotation, "image_id", where)].append(box)
    files = PictureFiles(images)
    items = []
    for image_id, picture in listed.items():
        found = _picture(picture, files, f"{path}: image {image_id}", tally)
        if found is not None:
            place, name, wh = found
            items.append(Annotated(place, name, tuple(boxes[image_id]), wh, split))
    if not items:
        first = next(iter(listed.values()), {}).get("file_name", "none")
        msg = f"{path}: none of its {len(listed)} pictures is below {images} (the first: {first})"
        raise DataError(msg)
    return CocoFile(tuple(name for _, name in categories.values()), items)


def _load(path: Path) -> Mapping[str, object]:
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as exc:
        msg = f"cannot read annotations {path}: {exc.strerror}"
        raise DataError(msg) from exc
    except (ValueError, RecursionError) as exc:
        msg = f"{path} is not JSON: {exc}"
        raise DataError(msg) from exc
    if not isinstance(content, dict):
        msg = f"{path} must be an object with images, annotations and categories"
        raise DataError(msg)
    return content


def _list(content: Mapping[str, object], key: str, path: Path) -> Sequence[Mapping[str, object]]:
    value = content.get(key)
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        hint = "; this seems to be a file of captions or results" if value is None else ""
        msg = f"{path}: '{key}' must be a list of objects, as in COCO instances files{hint}"
        raise DataError(msg)
    return value


def _by_id(
    content: Mapping[str, object], key: str, path: Path
) -> dict[object, Mapping[str, object]]:
    found: dict[object, Mapping[str, object]] = {}
    for each in _list(content, key, path):
        identifier = each.get("id")
        if not isinstance(identifier, int | str) or identifier in found:
            state = "twice" if isinstance(identifier, int | str) else "as an id"
            msg = f"{path}: '{key}' has {identifier!r} {state}; every one needs an id of its own"
            raise DataError(msg)
        found[identifier] = each
    return found


def _id(annotation: Mapping[str, object], key: str, where: str) -> int | str | None:
    value = annotation.get(key)
    if value is not None and not isinstance(value, int | str):
        msg = f"{where}: {key} is {str(value)[:80]}, expected one id"
        raise DataError(msg)
    return value


def _categories(
    content: Mapping[str, object], path: Path, tally: Tally
) -> dict[object, tuple[int, str]]:
    """Category id → class id from 0 and name, in order of category id."""
    found = _by_id(content, "categories", path)
    used = {
        _id(annotation, "category_id", f"{path}: annotations[{number}]")
        for number, annotation in enumerate(_list(content, "annotations", path))
    }
    parents = {each.get("supercategory") for each in found.values()}
    kept = {}
    for identifier, each in found.items():
        name = each.get("name")
        if not isinstance(name, str) or not name:
            msg = f"{path}: category {identifier!r} has no name"
            raise DataError(msg)
        # Roboflow puts the project itself first, as the parent of all classes
        if (
            identifier not in used
            and name in parents
            and each.get("supercategory") in (None, "none")
        ):
            tally[PARENT] += 1
        else:
            kept[identifier] = name
    if len(set(kept.values())) != len(kept) or not kept:
        msg = f"{path}: categories must have different names, got {list(kept.values())}"
        raise DataError(msg)
    ordered = sorted(kept, key=lambda each: (isinstance(each, str), each))
    return {each: (number, kept[each]) for number, each in enumerate(ordered)}


def _class_of(
    annotation: Mapping[str, object], categories: dict[object, tuple[int, str]], where: str
) -> int:
    identifier = _id(annotation, "category_id", where)
    if identifier not in categories:
        msg = f"{where}: category {identifier!r} is not among {list(categories)}"
        raise DataError(msg)
    return categories[identifier][0]


def _box(annotation: Mapping[str, object], class_id: int, where: str) -> Box | None:
    """The box of an annotation; None if it has none."""
    bbox = annotation.get("bbox")
    if bbox:
        left, top, width, height = _numbers(bbox, 4, f"{where}.bbox")
        return Box(class_id, left, top, left + width, top + height)
    shape = annotation.get("segmentation")
    if isinstance(shape, list) and shape:
        points = [n for part in shape for n in _numbers(part, None, f"{where}.segmentation")]
        xs, ys = points[0::2], points[1::2]
        return Box(class_id, min(xs), min(ys), max(xs), max(ys))
    if isinstance(shape, dict):
        left, top, width, height = _around_mask(shape, where)
        return Box(class_id, left, top, left + width, top + height)
    return None


def _around_mask(shape: dict[str, object], where: str) -> list[float]:
    from pycocotools import mask  # noqa: PLC0415 - masks are rare; the library is for them alone

    try:
        counts, size = shape["counts"], shape["size"]
        if isinstance(counts, list):
            shape = mask.frPyObjects(shape, size[0], size[1])  # type: ignore[index]
        elif isinstance(counts, str):
            shape = {"size": size, "counts": counts.encode("ascii")}
        return [float(number) for number in mask.toBbox(shape)]
    except (KeyError, TypeError, ValueError, IndexError) as exc:
        msg = f"{where}.segmentation is no mask: {exc}"
        raise DataError(msg) from exc


def _numbers(value: object, count: int | None, where: str) -> list[float]:
    fits = isinstance(value, list) and all(
        isinstance(each, int | float) and not isinstance(each, bool) for each in value
    )
    if (
        not isinstance(value, list)
        or not fits
        or (len(value) != count if count is not None else len(value) < 6 or len(value) % 2)
    ):
        expected = f"{count} numbers" if count is not None else "a polygon of 3 points or more"
        msg = f"{where} is {str(value)[:80]}, expected {expected}"
        raise DataError(msg)
    return [float(each) for each in value]


def _picture(
    picture: Mapping[str, object], files: PictureFiles, where: str, tally: Tally
) -> tuple[Path, str, tuple[int, int]] | None:
    file_name, width, height = (picture.get(key) for key in ("file_name", "width", "height"))
    if not isinstance(file_name, str) or not file_name:
        msg = f"{where}: file_name is {file_name!r}, expected the name of a picture"
        raise DataError(msg)
    if not (isinstance(width, int) and isinstance(height, int) and width > 0 and height > 0):
        msg = f"{where}: width {width!r} and height {height!r}, expected whole pixels"
        raise DataError(msg)
    found = files.find(file_name)
    if found is None:
        tally[NOT_THERE] += 1
        return None
    if found.suffix.lower() not in IMAGE_SUFFIXES:
        tally[OTHER_KIND] += 1
        return None
    return found, files.name_of(found), (width, height)
