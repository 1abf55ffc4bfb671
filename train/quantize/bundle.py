"""The bundle of an INT8 model: its graph, scale table, golden case, report, and the checkpoint."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

import onnx

from edgedet.manifest import (
    GOLDEN_FILE,
    MANIFEST_FILE,
    MODEL_FILE,
    REPORT_FILE,
    WEIGHTS_FILE,
    Bundle,
    Golden,
    GoldenCase,
    Manifest,
    file_entry,
    write_golden,
    write_manifest,
)
from train.evaluate import BundlePredictor, EvaluationReport
from train.export.bundle import GOLDEN_IMAGES, GOLDEN_SEED
from train.export.parity import pattern_images
from train.export.staging import files_below
from train.quantize.scale_table import SCALES_FILE, ScaleTable

# Kernels that compute in INT8 round where the graph's own arithmetic does not, and a value that
# falls on the other side of a step takes its neighbours along.
GOLDEN_BOX_PX, GOLDEN_SCORE = 8.0, 0.1


def write_int8(
    folder: Path,
    like: Manifest,
    proto: onnx.ModelProto,
    table: ScaleTable,
    weights: Path | None = None,
) -> Bundle:
    """Write graph, scale table, checkpoint, golden case and manifest into `folder`.

    Args:
        folder: Where; files of the same names are replaced.
        like: The manifest of the float bundle, with name, version and thresholds as they shall be.
        proto: The quantized graph.
        table: Its scales.
        weights: The checkpoint that it came from, if there is one.

    Raises:
        ModelError: If ONNX Runtime cannot run the graph.
    """
    for name in (REPORT_FILE, GOLDEN_FILE):
        (folder / name).unlink(missing_ok=True)
    onnx.save(proto, folder / MODEL_FILE)
    table.save(folder / SCALES_FILE)
    if weights is not None:
        shutil.copyfile(weights, folder / WEIGHTS_FILE)
    draft = like.model_copy(
        update={
            "precision": "int8",
            "calibration_sha256": table.digest,
            "golden": None,
            "files": [file_entry(folder, MODEL_FILE)],
        }
    )
    bundle = write_manifest(folder, draft)
    write_golden(folder / GOLDEN_FILE, _golden_case(bundle))
    golden = Golden(path=GOLDEN_FILE, box_tolerance_px=GOLDEN_BOX_PX, score_tolerance=GOLDEN_SCORE)
    return _with_files(folder, draft.model_copy(update={"golden": golden}))


def add_report(bundle: Bundle, report: Mapping[str, object], scores: EvaluationReport) -> Bundle:
    """The same with `report.json`, and the AP of `scores` in the manifest."""
    text = json.dumps(report, indent=2) + "\n"
    (bundle.folder / REPORT_FILE).write_text(text, encoding="utf-8")
    training = bundle.manifest.training
    if training is not None:
        training = training.model_copy(update={"ap50": scores.ap50, "ap": scores.ap})
    manifest = bundle.manifest.model_copy(update={"training": training})
    return _with_files(bundle.folder, manifest)


def _golden_case(bundle: Bundle) -> GoldenCase:
    """What the graph's own arithmetic gives: ONNX Runtime computes the rounding as written."""
    images = pattern_images(bundle.input_hw, GOLDEN_IMAGES, GOLDEN_SEED)
    predictor = BundlePredictor(bundle, "onnxruntime", max_batch=1)
    try:
        return GoldenCase(images, predictor.infer(images))
    finally:
        predictor.close()


def _with_files(folder: Path, manifest: Manifest) -> Bundle:
    paths = [path for path in files_below(folder) if path != MANIFEST_FILE]
    entries = [file_entry(folder, path) for path in paths]
    return write_manifest(folder, manifest.model_copy(update={"files": entries}))
