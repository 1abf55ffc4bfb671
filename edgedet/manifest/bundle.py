"""A model bundle on disk: a folder with `manifest.json`, `model.onnx` and what belongs to them."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from edgedet.errors import ModelError
from edgedet.files import open_plain, read_plain, write_whole
from edgedet.manifest.schema import MANIFEST_FILE, MODEL_FILE, WEIGHTS_FILE, FileEntry, Manifest

_CHUNK_BYTES = 1 << 20
_MAX_MANIFEST_BYTES = 4 << 20


@dataclass(frozen=True, slots=True)
class Bundle:
    """A folder whose manifest was read.

    `digest` is the SHA-256 of the manifest, which names all other digests.
    """

    folder: Path
    manifest: Manifest
    digest: str

    @property
    def model_path(self) -> Path:
        """The ONNX graph."""
        return self.folder / MODEL_FILE

    @property
    def weights_path(self) -> Path:
        """The checkpoint that the graph came from; need not be there."""
        return self.folder / WEIGHTS_FILE

    @property
    def input_hw(self) -> tuple[int, int]:
        """Height and width of the network input."""
        return self.manifest.input.height, self.manifest.input.width

    def entry(self, path: str) -> FileEntry | None:
        """The manifest's line about a file of the bundle."""
        return next((entry for entry in self.manifest.files if entry.path == path), None)


def read_bundle(folder: Path) -> Bundle:
    """The bundle in `folder`, with its manifest checked; the files are not read yet.

    Raises:
        ModelError: if there is no bundle, or its manifest is not one that this version understands.
    """
    path = folder / MANIFEST_FILE
    try:
        content = read_plain(path, _MAX_MANIFEST_BYTES)
    except OSError as exc:
        msg = (
            f"no model bundle in '{folder}': cannot read {MANIFEST_FILE} ({exc.strerror}); "
            "make one with `python -m train export`"
        )
        raise ModelError(msg) from exc
    try:
        manifest = Manifest.model_validate_json(content)
    except ValidationError as exc:
        first = exc.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "(whole file)"
        msg = (
            f"{path} is not a manifest of schema edgedet.model/1: {where}: {first['msg']}; "
            "export the bundle again"
        )
        raise ModelError(msg) from exc
    return Bundle(folder, manifest, hashlib.sha256(content).hexdigest())


def verify_bundle(bundle: Bundle) -> None:
    """Compare size and SHA-256 of every file with the manifest.

    Raises:
        ModelError: at the first file that is missing or differs.
    """
    for entry in bundle.manifest.files:
        verify_file(bundle, entry.path)


def verify_file(bundle: Bundle, path: str) -> None:
    """Compare size and SHA-256 of one file with the manifest.

    Raises:
        ModelError: if the manifest does not name it, or it is missing, leaves the folder, or
            differs.
    """
    entry = bundle.entry(path)
    if entry is None:
        msg = (
            f"the manifest of bundle '{bundle.folder}' does not name {path}; "
            "export the bundle again"
        )
        raise ModelError(msg)
    where = bundle.folder / path
    if not where.resolve().is_relative_to(bundle.folder.resolve()):
        msg = f"{where} is a link that leaves the bundle; copy the bundle again with its files"
        raise ModelError(msg)
    try:
        found = file_entry(bundle.folder, path)
    except OSError as exc:
        reason = exc.strerror or str(exc)
        msg = (
            f"bundle '{bundle.folder}' is incomplete: cannot read {path} ({reason}); copy it again"
        )
        raise ModelError(msg) from exc
    if found != entry:
        msg = (
            f"{where} is not the file that the manifest names: {found.size_bytes} bytes, "
            f"sha256 {found.sha256[:12]}…, expected {entry.size_bytes} bytes, "
            f"sha256 {entry.sha256[:12]}…; copy the bundle again"
        )
        raise ModelError(msg)


def file_entry(folder: Path, path: str) -> FileEntry:
    """The manifest's line for a file that exists: path, size and digest.

    Raises:
        OSError: if the file cannot be read.
    """
    digest = hashlib.sha256()
    size_bytes = 0
    with open_plain(folder / path) as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
            size_bytes += len(chunk)
    return FileEntry(path=path, sha256=digest.hexdigest(), size_bytes=size_bytes)


def write_manifest(folder: Path, manifest: Manifest) -> Bundle:
    """Write `manifest.json` into `folder`, whole or not at all.

    Raises:
        OSError: if the folder cannot be written.
    """
    content = (manifest.model_dump_json(indent=2, by_alias=True, exclude_none=True) + "\n").encode()
    write_whole(folder / MANIFEST_FILE, content)
    return Bundle(folder, manifest, hashlib.sha256(content).hexdigest())
