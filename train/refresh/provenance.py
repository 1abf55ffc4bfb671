"""Which camera took a picture, and when: told by its name, as devices write it."""

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from train.data.likeness import source_stem

# <source>-<moment in UTC, ms>-<digest>; a number follows where a set had that name already
_SAMPLE = re.compile(r"^(?P<source>.+)-(?P<moment>\d{8}T\d{9})-[0-9a-f]{8}(-\d+)?$")


@dataclass(frozen=True, slots=True)
class Provenance:
    """A camera, and a moment as `20260504T091233418` (UTC); both empty where they are not known."""

    source_id: str
    moment: str


def provenance_of(name: str) -> Provenance:
    """What the name of a picture, relative and with `/`, says; Roboflow's additions are understood.

    Without a moment in it, the folder stands for the camera.

    >>> provenance_of("gate/gate-20260504T091233418-1a2b3c4d.jpg")
    Provenance(source_id='gate', moment='20260504T091233418')
    >>> provenance_of("yard/0042.jpg")
    Provenance(source_id='yard', moment='')
    """
    path = PurePosixPath(name)
    found = _SAMPLE.match(source_stem(path.stem))
    if found is None:
        return Provenance("" if path.parent == PurePosixPath() else path.parent.as_posix(), "")
    return Provenance(found["source"], found["moment"])
