"""The new set's folder: pictures, labels, and `data.yaml` last, so that half a set is none."""

import os
import shutil
from pathlib import Path, PurePosixPath
from types import TracebackType

import numpy as np
import yaml
from numpy.typing import NDArray

from edgedet.errors import DataError
from edgedet.files import write_whole
from train.data.description import SPLITS, label_path
from train.data.ingest.annotated import Tally
from train.data.labels import format_labels

RENAMED = "pictures renamed (another one has the same name)"
COPIED = "pictures copied (they cannot be linked from another disk)"


class SetFolder:
    """A data set being written; used in a `with`, which removes what was written if it fails."""

    def __init__(self, out: Path, *, link: bool = False) -> None:
        """Claim `out`; `link` puts hard links there instead of copies.

        Raises:
            DataError: if the folder is in use or cannot be made.
        """
        self._out = out
        self._link = link
        self._taken: set[tuple[str, str]] = set()
        self.tally = Tally()
        if out.exists() and (not out.is_dir() or any(out.iterdir())):
            why = "" if (out / "data.yaml").is_file() else " (it has no data.yaml: not a whole set)"
            msg = f"output folder {out} is not empty; choose another one or remove it{why}"
            raise DataError(msg)
        self._was_there = out.is_dir()
        try:
            out.mkdir(parents=True, exist_ok=True)
        except OSError as exc:
            msg = f"cannot make output folder {out}: {exc.strerror}"
            raise DataError(msg) from exc

    def __enter__(self) -> "SetFolder":  # noqa: PYI034 - Self is Python 3.11
        """Begin."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """After a failure, leave the place as it was found."""
        if (self._out / "data.yaml").is_file():
            return
        for name in ("images", "labels"):
            shutil.rmtree(self._out / name, ignore_errors=True)
        if not self._was_there and not any(self._out.iterdir()):
            self._out.rmdir()

    def add(
        self, split: str, name: str, picture: Path | bytes, labels: NDArray[np.float32]
    ) -> None:
        """Write a picture, a file or its bytes, and its labels (n, 5).

        Raises:
            DataError: if it cannot be written.
        """
        image = self._out / "images" / split / self._free_name(split, name)
        text = label_path(image)
        try:
            image.parent.mkdir(parents=True, exist_ok=True)
            text.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(picture, bytes):
                image.write_bytes(picture)
            else:
                self._take(picture, image)
            text.write_text(format_labels(labels), encoding="utf-8")
        except OSError as exc:
            msg = f"cannot write {image}: {exc.strerror or exc}"
            raise DataError(msg) from exc

    def keep_note(self, note: Path) -> None:
        """Copy a file that says where the pictures come from, and under which licence."""
        try:
            shutil.copyfile(note, self._out / note.name)
        except OSError as exc:
            msg = f"cannot copy {note} to {self._out}: {exc.strerror or exc}"
            raise DataError(msg) from exc

    def finish(self, class_names: tuple[str, ...], origin: dict[str, object] | None = None) -> Path:
        """Write `data.yaml`; the set is there from now on. `origin` is kept in it.

        Raises:
            DataError: if it cannot be written, or there is no picture.
        """
        written = {split for split, _ in self._taken}
        if not written:
            msg = f"no picture for {self._out}: nothing was found that can be used"
            raise DataError(msg)
        content: dict[str, object] = {s: f"images/{s}" for s in SPLITS if s in written}
        content |= {"nc": len(class_names), "names": list(class_names)}
        if origin:
            content["origin"] = origin
        text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
        path = self._out / "data.yaml"
        try:
            write_whole(path, text.encode())
        except OSError as exc:
            msg = f"cannot write {path}: {exc.strerror or exc}"
            raise DataError(msg) from exc
        return path

    def _take(self, source: Path, image: Path) -> None:
        if self._link:
            try:
                os.link(source.resolve(), image)
            except OSError:
                self.tally[COPIED] += 1
            else:
                return
        shutil.copyfile(source, image)

    def _free_name(self, split: str, name: str) -> str:
        """`name` without steps outside; another one if its label file would be taken already."""
        steps = [s for s in PurePosixPath(name).parts if s not in ("/", "..", ".", "images")]
        wanted = PurePosixPath(*steps)
        found, number = wanted, 1
        while (split, str(found.with_suffix("")).casefold()) in self._taken:
            number += 1
            found = wanted.with_name(f"{wanted.stem}-{number}{wanted.suffix}")
        self.tally[RENAMED] += int(found != wanted)
        self._taken.add((split, str(found.with_suffix("")).casefold()))
        return str(found)
