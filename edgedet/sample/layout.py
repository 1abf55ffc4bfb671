"""Which files belong to a picture, in the store and in the folder that is labelled."""

from pathlib import Path

FACTS = ".json"
IMAGES, LABELS = "images", "labels"
CLASSES_FILE = "classes.txt"


def image_path(folder: Path, source_id: str, sample_id: str) -> Path:
    """Where a picture lies in a folder in YOLO form."""
    return folder / IMAGES / source_id / f"{sample_id}.jpg"


def label_path(image: Path) -> Path:
    """The label file of such a picture."""
    folder = image.parent.parent.parent / LABELS / image.parent.name
    return folder / f"{image.stem}.txt"


def files_of(picture: Path) -> tuple[Path, ...]:
    """A picture and what lies beside it, the picture first."""
    beside = (picture, picture.with_suffix(FACTS))
    return (*beside, label_path(picture)) if picture.parent.parent.name == IMAGES else beside
