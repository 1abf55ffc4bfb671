"""Small bundles to install, and archives of them."""

import tarfile
import zipfile
from pathlib import Path

from edgedet.detect.onnxruntime import OrtDetector
from edgedet.manifest import (
    GOLDEN_FILE,
    Bundle,
    Golden,
    GoldenCase,
    file_entry,
    read_bundle,
    write_golden,
    write_manifest,
)
from tests.detect.tiny_bundle import bright_square, make_tiny_bundle


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


def make_golden_bundle(folder: Path, score_error: float = 0.0) -> Bundle:
    """A bundle with a golden picture, whose expected scores are off by `score_error`."""
    return add_golden(make_tiny_bundle(folder), score_error)


def add_golden(bundle: Bundle, score_error: float = 0.0) -> Bundle:
    """Give it one, by what it answers on ONNX Runtime."""
    folder = bundle.folder
    detector = OrtDetector(bundle, threads=1)
    images = bright_square(1, 2, image_hw=bundle.input_hw)[None]
    candidates = detector.infer(images)
    detector.close()
    candidates[..., 4] -= score_error
    write_golden(folder / GOLDEN_FILE, GoldenCase(images, candidates))
    golden = Golden(path=GOLDEN_FILE, box_tolerance_px=0.5, score_tolerance=0.01)
    files = [*bundle.manifest.files, file_entry(folder, GOLDEN_FILE)]
    manifest = bundle.manifest.model_copy(update={"golden": golden, "files": files})
    return write_manifest(folder, manifest)
