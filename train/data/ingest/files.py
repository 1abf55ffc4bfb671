"""Finding the pictures that an annotation names, which may lie elsewhere than it says."""

import os
from pathlib import Path, PureWindowsPath

from edgedet.errors import DataError
from train.data.description import pictures_below


class PictureFiles:
    """The pictures below a folder, by path and by name."""

    def __init__(self, folder: Path) -> None:
        """Look below `folder` when a name asks for it.

        Raises:
            DataError: if there is no such folder.
        """
        if not folder.is_dir():
            msg = f"folder of pictures {folder} is not there"
            raise DataError(msg)
        self._folder = folder
        self._by_name: dict[str, list[Path]] | None = None

    def find(self, name: str) -> Path | None:
        """The picture called `name`: at that path below the folder, or the only one of that name.

        Paths of Windows and absolute ones are understood; a path never leads out of the folder.
        """
        steps = [s for s in PureWindowsPath(name).parts if s not in ("..", ".")]
        steps = [s for s in steps if not s.endswith((":", "\\", "/"))]
        if not steps:
            return None
        place = self._folder.joinpath(*steps)
        if os.path.isfile(place):  # noqa: PTH113 - False for names that no disk takes
            return place
        return self._only(steps[-1])

    def find_stem(self, stem: str) -> Path | None:
        """The only picture whose name without suffix is `stem`."""
        return self._only(f"{stem}.*")

    def all(self) -> list[Path]:
        """Every picture, sorted."""
        return sorted(map(Path, pictures_below(self._folder)))

    def name_of(self, path: Path) -> str:
        """What a picture is called in the new set: its path below the folder, with `/`."""
        return path.relative_to(self._folder).as_posix()

    def _only(self, name: str) -> Path | None:
        if self._by_name is None:
            self._by_name = {}
            for path in map(Path, pictures_below(self._folder)):
                self._by_name.setdefault(path.name, []).append(path)
                self._by_name.setdefault(f"{path.stem}.*", []).append(path)
        candidates = self._by_name.get(name, [])
        return candidates[0] if len(candidates) == 1 else None
