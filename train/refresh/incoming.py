"""New labels, wherever they come from: a device's samples, a Roboflow version, a YOLO folder."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from edgedet.errors import DataError
from train.data.description import find_pictures, label_path, load_description, picture_name
from train.data.ingest.annotated import Annotated, Tally
from train.data.ingest.device import read_device
from train.data.ingest.roboflow import opened_export, passing_folder, read_export
from train.data.ingest.roboflow_sdk import download_version, parse_version
from train.data.ingest.yolo import boxes_in, read_yolo


@dataclass(frozen=True, slots=True)
class Incoming:
    """Class names, pictures with boxes, and where they come from; `told` are lines for a person."""

    class_names: tuple[str, ...]
    items: list[Annotated]
    origin: dict[str, object]
    tally: Tally
    told: list[str] = field(default_factory=list)


def from_device(
    folder: Path, labels: Path | None = None, *, accepts_predictions: bool = False
) -> Incoming:
    """What somebody has labelled of a device's samples; see `read_device`.

    Raises:
        DataError: if there is nothing to learn from.
    """
    tally = Tally()
    found = read_device(folder, labels, tally, accepts_predictions=accepts_predictions)
    return Incoming(found.class_names, found.items, found.origin, tally)


def from_yolo(place: Path) -> Incoming:
    """All pictures of a set with `data.yaml`, of every split, or of a folder with `classes.txt`.

    Raises:
        DataError: if there are none, or a label row cannot be one.
    """
    tally = Tally()
    data_yaml = place if place.suffix in (".yaml", ".yml") else place / "data.yaml"
    if not data_yaml.is_file():
        names, items = read_yolo(place, None, (), tally)
        return Incoming(names, items, {}, tally)
    description = load_description(data_yaml)
    count = len(description.class_names)
    items = []
    for split in description.places:
        for path in find_pictures(description, split):
            label = label_path(path)
            boxes = boxes_in(label if label.is_file() else None, count, tally)
            items.append(Annotated(path, picture_name(description, path), boxes, normalised=True))
    if not items:
        msg = f"{data_yaml}: none of its splits has a picture"
        raise DataError(msg)
    return Incoming(description.class_names, items, {}, tally)


@contextmanager
def from_roboflow(wanted: str, api_key: str, scratch: Path) -> Iterator[Incoming]:
    """An export (a zip or a folder), or the version `workspace/project/number`, downloaded.

    Its own splits are not kept: the newest pictures are held out, wherever they were.

    Args:
        wanted: The path of an export, or a version.
        api_key: For a download.
        scratch: A folder to unpack into; what is unpacked is gone afterwards.

    Raises:
        DataError: if there is no such export, or it cannot be downloaded.
        UsageError: if `wanted` is neither.
    """
    with passing_folder(scratch) as place:
        source = Path(wanted)
        if not source.exists():
            source = download_version(parse_version(wanted), api_key, place)
        with opened_export(source, place) as folder:
            tally = Tally()
            found = read_export(folder, tally)
            yield Incoming(found.class_names, found.items, found.origin, tally, found.told)
