from typing import Any

import pytest
from pydantic import ValidationError

from edgedet.manifest import Manifest

GOOD: dict[str, Any] = {
    "schema": "edgedet.model/1",
    "name": "person",
    "version": "1.0",
    "class_names": ["person"],
    "precision": "fp32",
    "input": {"height": 416, "width": 416},
    "files": [{"path": "model.onnx", "sha256": "0" * 64, "size_bytes": 1}],
}


def test_the_smallest_manifest_has_the_contract_as_its_defaults() -> None:
    manifest = Manifest.model_validate(GOOD)
    assert (manifest.input.name, manifest.output.name) == ("images", "candidates")
    assert (manifest.input.pad_value, manifest.output.count) == (114, 300)
    assert (manifest.thresholds.score, manifest.thresholds.iou) == (0.25, 0.45)


def test_a_manifest_cannot_be_changed() -> None:
    manifest = Manifest.model_validate(GOOD)
    with pytest.raises(ValidationError):
        manifest.name = "other"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": "Per son"}, "name"),
        ({"name": ".."}, "name"),
        ({"class_names": []}, "class_names"),
        ({"precision": "fp8"}, "precision"),
        ({"input": {"height": 400, "width": 416}}, "multiples of 32"),
        ({"input": {"height": 416, "width": 416, "layout": "NCHW"}}, "layout"),
        ({"output": {"count": 4000}}, "count"),
        ({"thresholds": {"score": 1.5}}, "score"),
        ({"files": []}, "files must list model.onnx"),
        ({"files": GOOD["files"] * 2}, "a file is listed twice"),
        ({"files": [{"path": "model.onnx", "sha256": "12", "size_bytes": 1}]}, "sha256"),
        ({"golden": {"path": "../x", "box_tolerance_px": 1, "score_tolerance": 1}}, "path"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_refuses(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Manifest.model_validate(GOOD | change)
