import shutil
from pathlib import Path

import pytest

from edgedet.errors import ModelError
from edgedet.manifest import MANIFEST_FILE, Bundle, Thresholds, read_bundle, verify_bundle
from edgedet.manifest.golden import read_golden
from edgedet.vision import Tolerance, compare_candidates
from tests.train.export.lively import lively_checkpoint
from train.evaluate import BundlePredictor
from train.evaluate.backends import bundle_backends
from train.export.bundle import export_bundle
from train.model import load_model


def test_bundle_is_whole_and_says_what_it_is(bundle: Bundle) -> None:
    verify_bundle(bundle)
    manifest = bundle.manifest
    assert (manifest.name, manifest.version) == ("one", "1.0")
    assert manifest.class_names == ["class-0"]
    assert bundle.input_hw == (64, 96)
    assert manifest.training is not None
    assert manifest.training.architecture == "yolov7-tiny"
    paths = [entry.path for entry in manifest.files]
    assert paths == ["golden/golden.npz", "model.onnx", "weights.pt"]


def test_files_are_as_small_as_promised(bundle: Bundle) -> None:
    sizes = {entry.path: entry.size_bytes for entry in bundle.manifest.files}
    assert sizes["model.onnx"] <= 13_000_000
    assert sizes["weights.pt"] <= 12_500_000
    assert sizes["golden/golden.npz"] <= 300_000


def test_nothing_is_left_beside_the_bundle(bundle: Bundle) -> None:
    assert not [path for path in bundle.folder.parent.iterdir() if path.name.startswith(".")]


def test_weights_can_be_loaded_again(bundle: Bundle) -> None:
    model, info = load_model(bundle.weights_path)
    assert info.names == ("class-0",)
    assert not model.fused


@pytest.mark.parametrize("backend", bundle_backends())
def test_golden_candidates_are_met_by_every_backend(bundle: Bundle, backend: str) -> None:
    golden, case = bundle.manifest.golden, read_golden(bundle)
    assert golden is not None
    assert case is not None
    found = BundlePredictor(bundle, backend).infer(case.images_nhwc)  # type: ignore[arg-type]
    tolerance = Tolerance(golden.box_tolerance_px, golden.score_tolerance)
    for rows, expected in zip(found, case.candidates, strict=True):
        assert compare_candidates(rows, expected, tolerance).unmatched == 0


def test_a_bundle_is_replaced_and_a_model_card_stays(checkpoint: Path, tmp_path: Path) -> None:
    out = tmp_path / "person"
    out.mkdir()
    (out / "MODEL_CARD.md").write_text("card")
    export_bundle(checkpoint, out, name="first", version="1", image_size=(32, 32))
    thresholds = Thresholds(score=0.4, iou=0.5)
    again = export_bundle(
        checkpoint, out, name="second", version="2", image_size=(32, 64), thresholds=thresholds
    )
    verify_bundle(again)
    assert (again.manifest.name, again.manifest.thresholds) == ("second", thresholds)
    assert (out / "MODEL_CARD.md").read_text() == "card"
    assert [path.name for path in tmp_path.iterdir()] == ["person"]


def test_a_folder_with_other_things_is_left_alone(checkpoint: Path, tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(ModelError, match="is no model bundle"):
        export_bundle(checkpoint, tmp_path, name="x", version="1", image_size=(32, 32))
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_failed_export_leaves_the_old_bundle(
    bundle: Bundle, tmp_path: Path, checkpoint: Path
) -> None:
    out = tmp_path / "bundle"
    shutil.copytree(bundle.folder, out)
    old = read_bundle(out)
    with pytest.raises(ModelError, match="multiples of 32"):
        export_bundle(checkpoint, out, name="x", version="2", image_size=(33, 32))
    assert read_bundle(out) == old
    verify_bundle(old)
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]


def test_class_names_must_be_as_many_as_classes(tmp_path: Path) -> None:
    weights = lively_checkpoint(tmp_path / "three.pt", 3)
    with pytest.raises(ModelError, match="2 class names for 3 classes"):
        export_bundle(
            weights,
            tmp_path / "out",
            name="x",
            version="1",
            image_size=(32, 32),
            class_names=("a", "b"),
        )
    assert not (tmp_path / "out").exists()


def test_refuses_a_name_that_is_no_name(checkpoint: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="manifest with name 'No Name'"):
        export_bundle(checkpoint, tmp_path / "o", name="No Name", version="1", image_size=(32, 32))
    assert not (tmp_path / "o" / MANIFEST_FILE).exists()
