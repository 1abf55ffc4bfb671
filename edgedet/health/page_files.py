"""The files of the page: part of the package, read once, served as they are."""

from dataclasses import dataclass
from importlib import resources

_TYPES = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}


@dataclass(frozen=True, slots=True)
class PageFile:
    """A file and what kind it is."""

    content: bytes
    content_type: str


class PageFiles:
    """All of them; a name that is none of theirs is no file, whatever lies on the disk."""

    def __init__(self) -> None:
        """Read the package's own folder."""
        folder = resources.files("edgedet.health").joinpath("page")
        self._files = {
            entry.name: PageFile(entry.read_bytes(), _TYPES[entry.name.rpartition(".")[2]])
            for entry in folder.iterdir()
            if entry.name.rpartition(".")[2] in _TYPES
        }

    @property
    def names(self) -> tuple[str, ...]:
        """All names, in order."""
        return tuple(sorted(self._files))

    def get(self, name: str) -> PageFile | None:
        """The file of this name, if there is one."""
        return self._files.get(name)
