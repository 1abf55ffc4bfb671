"""Small bundles to install, and archives of them."""

import tarfile
import zipfile
from pathlib import Path

from edgedet.manifest import Bundle, read_bundle, write_manifest
from tests.detect.tiny_bundle import make_tiny_bundle


def make_bundle(folder: Path, version: str = "1", **changes: object) -> Bundle:
    """A bundle that answers; `changes` are fields of its manifest."""
    make_tiny_bundle(folder)
    manifest = read_bundle(folder).manifest
    return write_manifest(folder, manifest.model_copy(update={"version": version, **changes}))


def pack(bundle: Bundle, archive: Path, prefix: str = "person/") -> Path:
    """The bundle's files in an archive of the kind that its name says."""
    files = [path for path in sorted(bundle.folder.rglob("*")) if path.is_file()]
    names = [prefix + str(path.relative_to(bundle.folder)) for path in files]
    if archive.suffix == ".zip":
        with zipfile.ZipFile(archive, "w") as target:
            for path, name in zip(files, names, strict=True):
                target.write(path, name)
    else:
        with tarfile.open(archive, "w:gz" if archive.name.endswith("gz") else "w") as tar:
            for path, name in zip(files, names, strict=True):
                tar.add(path, name)
    return archive
