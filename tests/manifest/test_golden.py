from pathlib import Path

import numpy as np
import pytest

from edgedet.errors import ModelError
from edgedet.manifest import (
    GOLDEN_FILE,
    Bundle,
    Golden,
    GoldenCase,
    file_entry,
    read_golden,
    write_golden,
    write_manifest,
)
from tests.detect.tiny_bundle import TINY_COUNT, TINY_HW, bright_square, make_tiny_bundle

IMAGES = bright_square(1, 1)[None]
CANDIDATES = np.zeros((1, TINY_COUNT, 7), np.float32)


def add_golden(bundle: Bundle, *, listed: bool = True) -> Bundle:
    golden = Golden(path=GOLDEN_FILE, box_tolerance_px=1, score_tolerance=0.01)
    entry = [file_entry(bundle.folder, GOLDEN_FILE)] if listed else []
    update = {"golden": golden, "files": [*bundle.manifest.files, *entry]}
    return write_manifest(bundle.folder, bundle.manifest.model_copy(update=update))


def test_case_is_read_as_it_was_written(tmp_path: Path) -> None:
    bundle = make_tiny_bundle(tmp_path)
    write_golden(tmp_path / GOLDEN_FILE, GoldenCase(IMAGES, CANDIDATES))
    case = read_golden(add_golden(bundle))
    assert case is not None
    np.testing.assert_array_equal(case.images_nhwc, IMAGES)
    np.testing.assert_array_equal(case.candidates, CANDIDATES)


def test_a_bundle_may_have_none(tmp_path: Path) -> None:
    assert read_golden(make_tiny_bundle(tmp_path)) is None


def test_a_file_that_is_no_case_is_refused(tmp_path: Path) -> None:
    bundle = make_tiny_bundle(tmp_path)
    (tmp_path / GOLDEN_FILE).parent.mkdir()
    (tmp_path / GOLDEN_FILE).write_bytes(b"PK\x03\x04 but no archive")
    with pytest.raises(ModelError, match="is no golden file"):
        read_golden(add_golden(bundle))


def test_pickled_objects_are_refused(tmp_path: Path) -> None:
    bundle = make_tiny_bundle(tmp_path)
    (tmp_path / GOLDEN_FILE).parent.mkdir()
    harmful = np.array([{"a": 1}], dtype=object)
    np.savez(tmp_path / GOLDEN_FILE, images_nhwc=harmful, candidates=CANDIDATES)
    with pytest.raises(ModelError, match="is no golden file"):
        read_golden(add_golden(bundle))


def test_pictures_of_another_size_are_refused(tmp_path: Path) -> None:
    bundle = make_tiny_bundle(tmp_path)
    images = np.zeros((1, TINY_HW[1], TINY_HW[0], 3), np.uint8)
    write_golden(tmp_path / GOLDEN_FILE, GoldenCase(images, CANDIDATES))
    with pytest.raises(ModelError, match="holds shapes"):
        read_golden(add_golden(bundle))


def test_a_case_that_the_manifest_does_not_list_is_refused(tmp_path: Path) -> None:
    bundle = make_tiny_bundle(tmp_path)
    write_golden(tmp_path / GOLDEN_FILE, GoldenCase(IMAGES, CANDIDATES))
    with pytest.raises(ModelError, match="does not name"):
        read_golden(add_golden(bundle, listed=False))
