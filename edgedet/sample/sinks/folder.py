"""The default sink: a folder of pictures and YOLO label files, for `python -m train ingest device`.

images/<source>/<id>.jpg   the picture
labels/<source>/<id>.txt   what the model saw in it, to be corrected
images/<source>/<id>.json  why it was kept, and what the model saw: left alone by labelling tools
classes.txt                the class names, a line each, in order of their ids
"""

import os
from dataclasses import replace
from pathlib import Path

from edgedet.files import read_plain, write_whole
from edgedet.sample.base import Parcel, Receipt, SinkBusyError, SinkRefusalError
from edgedet.sample.layout import CLASSES_FILE, FACTS, image_path, label_path
from edgedet.sample.picture import facts_text, label_text, renumbered


class FolderSink:
    """A folder on this machine, or on what is mounted there."""

    def __init__(self, folder: Path) -> None:
        """Write below `folder`, made when there is something to write."""
        self._folder = folder

    @property
    def target(self) -> str:
        """The folder."""
        return f"folder {self._folder}"

    def upload(self, parcel: Parcel) -> Receipt:
        """Put the picture there, the label file first: a picture never lies there without.

        What a person has made of the label file meanwhile is left as it is.

        Raises:
            SinkRefusalError: the picture is gone.
            SinkBusyError: it cannot be written now.
        """
        sample = parcel.sample
        image = image_path(self._folder, sample.source_id, sample.id)
        labels = label_path(image)
        if not parcel.picture.is_file() and not image.is_file():
            msg = "its picture is gone"
            raise SinkRefusalError(msg)
        was_there = image.is_file()
        try:
            for folder in (image.parent, labels.parent):
                folder.mkdir(parents=True, exist_ok=True)
            objects, names = renumbered(sample.objects, self._names(parcel.class_names))
            text = label_text(objects)
            write_whole(self._folder / CLASSES_FILE, _lines(names))
            if not labels.exists():
                write_whole(labels, text.encode())
            facts = facts_text(replace(sample, objects=objects), names, text)
            write_whole(image.with_suffix(FACTS), facts.encode())
            if not was_there:
                _link_or_copy(parcel.picture, image)
        except OSError as exc:
            msg = f"cannot write to {self._folder}: {exc.strerror or exc}"
            raise SinkBusyError(msg) from exc
        return Receipt(sample.id, was_there=was_there, place=image)

    def annotate(self, parcel: Parcel, remote_id: str) -> None:
        """Nothing: the label file lies beside the picture already."""

    def close(self) -> None:
        """Nothing is kept open."""

    def _names(self, class_names: tuple[str, ...]) -> tuple[str, ...]:
        """The names of the folder in its own order, in which there are labels, then new ones."""
        try:
            lines = read_plain(self._folder / CLASSES_FILE).decode("utf-8-sig").splitlines()
        except (FileNotFoundError, UnicodeDecodeError):
            return class_names
        return tuple(dict.fromkeys((*filter(None, map(str.strip, lines)), *class_names)))


def _lines(names: tuple[str, ...]) -> bytes:
    return "".join(f"{name}\n" for name in names).encode()


def _link_or_copy(source: Path, target: Path) -> None:
    """The same file under another name, or on another disk a whole copy of it."""
    temporary = target.with_name(f".{target.name}")
    temporary.unlink(missing_ok=True)
    try:
        os.link(source, temporary)
    except OSError:
        write_whole(target, source.read_bytes())
    else:
        temporary.replace(target)
