"""A folder of pictures with YOLO label files, without `data.yaml` and without a split."""

from pathlib import Path

from edgedet.errors import DataError
from train.data.description import label_path, pictures_below
from train.data.ingest.annotated import Annotated, Box, Tally
from train.data.labels import parse_labels, read_label_text

REPEATED = "label rows left out (they repeat another one)"
NO_FILE = "pictures without a label file, taken as background"
_NAME_FILES = ("classes.txt", "obj.names", "_darknet.labels", "predefined_classes.txt")
_ANY = 1 << 20  # classes, while their number is not known


def read_yolo(
    images: Path, labels: Path | None, class_names: tuple[str, ...], tally: Tally
) -> tuple[tuple[str, ...], list[Annotated]]:
    """Class names, and the pictures below `images` with their boxes.

    Labels are looked for below `labels`, or beside the pictures, or where `images` in the path is
    `labels`. Without `class_names`, a `classes.txt` in one of these folders says them.

    Raises:
        DataError: if there are no pictures, no labels, no names, or a row that is none.
    """
    if not images.is_dir():
        msg = f"folder of pictures {images} is not there"
        raise DataError(msg)
    pictures = sorted(map(Path, pictures_below(images)))
    if not pictures:
        msg = f"no pictures below {images}"
        raise DataError(msg)
    found = [(path, _label_of(path, images, labels)) for path in pictures]
    if not any(label for _, label in found):
        where = labels or label_path(pictures[0]).parent
        msg = f"no label file for any of the {len(pictures)} pictures; looked in {where}"
        raise DataError(msg)
    names = class_names or _names_near(images, labels)
    items = [
        Annotated(
            path,
            path.relative_to(images).as_posix(),
            boxes_in(label, len(names) if names else _ANY, tally),
            normalised=True,
        )
        for path, label in found
    ]
    if not names:
        ids = sorted({box.class_id for item in items for box in item.boxes})
        msg = (
            f"{images}: the labels have the classes {', '.join(map(str, ids))}, and nothing says "
            f"what they are called; give --names, or put a classes.txt beside the pictures"
        )
        raise DataError(msg)
    return names, items


def boxes_in(label: Path | None, class_count: int, tally: Tally) -> tuple[Box, ...]:
    """The boxes of a label file as shares of the picture; those that leave it, too.

    Raises:
        DataError: if a row is no row of numbers, or names a class beyond `class_count`.
    """
    if label is None:
        tally[NO_FILE] += 1
        return ()
    parsed = parse_labels(read_label_text(label), class_count)
    wrong = [p for p in parsed.problems if p.fault in ("not-a-row", "unknown-class")]
    if wrong:
        more = f" (and {len(wrong) - 1} more rows in this file)" if len(wrong) > 1 else ""
        msg = f"{label}:{wrong[0].line}: {wrong[0].told}{more}"
        raise DataError(msg)
    tally[REPEATED] += len(parsed.repeated)
    rows = [tuple(row) for row in parsed.rows.tolist()]
    return tuple(map(_box, rows + [problem.row for problem in parsed.problems]))


def _box(row: tuple[float, ...]) -> Box:
    class_id, centre_x, centre_y, width, height = row
    return Box(
        int(class_id),
        centre_x - width / 2,
        centre_y - height / 2,
        centre_x + width / 2,
        centre_y + height / 2,
    )


def _label_of(picture: Path, images: Path, labels: Path | None) -> Path | None:
    inside = picture.relative_to(images).with_suffix(".txt")
    if labels is not None:
        places = [labels / inside, labels / inside.name]
    else:
        places = [picture.with_suffix(".txt"), label_path(picture)]
    return next((place for place in places if place.is_file()), None)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as exc:
        msg = f"cannot read class names {path}: {exc}; save it as UTF-8, or give --names"
        raise DataError(msg) from exc


def _names_near(images: Path, labels: Path | None) -> tuple[str, ...]:
    """Class names from a file as labelling tools write it, a name a line; empty: none is there."""
    folders = [folder for folder in (labels, images, images.parent) if folder is not None]
    for path in (folder / name for folder in folders for name in _NAME_FILES):
        if path.is_file():
            lines = _read(path).splitlines()
            names = tuple(line.strip() for line in lines if line.strip())
            if len(set(names)) != len(names) or not names:
                msg = f"{path} must name different classes, a name a line, got {list(names)}"
                raise DataError(msg)
            return names
    return ()
