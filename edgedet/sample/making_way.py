"""Who makes way when there is no room: the oldest, but never what a person has worked on.

What a person has rejected goes before all others.
"""

import json
from collections.abc import Iterable
from pathlib import Path

from edgedet.files import read_plain
from edgedet.sample.base import Sample, State
from edgedet.sample.layout import FACTS, IMAGES, label_path
from edgedet.sample.picture import label_text


def making_way(samples: Iterable[Sample], folder: Path, missing_bytes: int) -> list[Sample]:
    """The first of `samples`, oldest first, that free `missing_bytes`; none if they cannot.

    `folder` is what relative places are relative to.
    """
    doomed: list[Sample] = []
    left = missing_bytes
    for sample in sorted(samples, key=is_wanted):
        if left <= 0:
            break
        if not _is_labelled(sample, folder):
            doomed.append(sample)
            left -= sample.disk_bytes
    return doomed if left <= 0 else []


def is_wanted(sample: Sample) -> bool:
    """Whether a picture is to stay: that of a rejected one is there for a minute, to undo it."""
    return sample.state is not State.REFUSED


def _is_labelled(sample: Sample, folder: Path) -> bool:
    """Whether somebody has changed what the device wrote into its label file."""
    picture = folder / str(sample.place)
    if picture.parent.parent.name != IMAGES:
        return False
    try:
        return read_plain(label_path(picture)).decode() != _written(picture, sample)
    except FileNotFoundError:
        return False
    except (OSError, UnicodeDecodeError):
        return True


def _written(picture: Path, sample: Sample) -> str:
    """What the device wrote into the label file; the numbers of classes are the folder's."""
    try:
        facts = json.loads(read_plain(picture.with_suffix(FACTS)))
        return str(facts["prediction"])
    except (OSError, ValueError, LookupError, TypeError):
        return label_text(sample.objects)
