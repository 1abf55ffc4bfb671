"""Writing a model bundle: graph, weights, golden case and manifest, checked before it appears."""

import json
from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from edgedet.errors import ModelError
from edgedet.manifest import (
    GOLDEN_FILE,
    MODEL_FILE,
    REPORT_FILE,
    WEIGHTS_FILE,
    Bundle,
    FileEntry,
    Golden,
    GoldenCase,
    InputSpec,
    Manifest,
    OutputSpec,
    Thresholds,
    TrainingFacts,
    file_entry,
    read_bundle,
    write_golden,
    write_manifest,
)
from train.evaluate.backends import TorchPredictor
from train.evaluate.report import EvaluationReport
from train.export.onnx import export_onnx
from train.export.parity import check_parity, pattern_images, rounded
from train.export.staging import check_target, files_below, staged
from train.model import (
    CheckpointContent,
    CheckpointInfo,
    DetectionNetwork,
    load_model,
    save_checkpoint,
)

GOLDEN_IMAGES = 2
GOLDEN_SEED = 2022
# Backends may compute in another precision than the one that wrote the case (float16 on a GPU).
_GOLDEN_BOX_PX, _GOLDEN_SCORE = 1.0, 0.01


def export_bundle(  # noqa: PLR0913 - what a manifest has to say
    weights: Path,
    out: Path,
    *,
    name: str,
    version: str,
    image_size: tuple[int, int],
    class_names: tuple[str, ...] = (),
    thresholds: Thresholds | None = None,
    report: EvaluationReport | None = None,
    facts: Mapping[str, str] | None = None,
) -> Bundle:
    """Make the bundle `out` from a checkpoint.

    The folder is written beside its place, checked on every backend, then moved there. A bundle
    that is there is replaced; its files that no manifest names (a model card) stay.

    Args:
        weights: A checkpoint of any form.
        out: The folder to make.
        name: Name of the model: small letters, digits, `.`, `_`, `-`.
        version: Version of the model.
        image_size: Height and width of the network input.
        class_names: Names by class id, where the checkpoint has none or others are wanted.
        thresholds: Defaults for the device.
        report: What an evaluation found; becomes `report.json`, and AP in the manifest.
        facts: More for the manifest's training section: `data_id`, `commit`, `recipe`, `note`.

    Raises:
        ModelError: If the checkpoint cannot be used, `out` holds something else, or the exported
            graph does not compute what the network computes.
    """
    check_target(out)
    model, info = load_model(weights)
    names = checked_names(class_names or info.names, info, weights)
    training = _training(model, info, report, facts or {})
    draft = _draft(name, version, names, image_size, thresholds or Thresholds(), training)
    with staged(out) as folder:
        content = CheckpointContent(names, metadata=info.metadata, half=True)
        save_checkpoint(folder / WEIGHTS_FILE, model, content)
        _write_files(folder, draft, report)
    return read_bundle(out)


def checked_names(names: tuple[str, ...], info: CheckpointInfo, weights: Path) -> tuple[str, ...]:
    """`names`, if there is one for each class of the checkpoint `weights`.

    Raises:
        ModelError: If not.
    """
    if len(names) != info.num_classes:
        msg = f"{len(names)} class names for {info.num_classes} classes of {weights}; give them all"
        raise ModelError(msg)
    return names


def _draft(  # noqa: PLR0913 - what a manifest has to say
    name: str,
    version: str,
    names: tuple[str, ...],
    image_hw: tuple[int, int],
    thresholds: Thresholds,
    training: TrainingFacts,
) -> Manifest:
    """The manifest before there are files: what cannot be written is refused before the work."""
    nothing_yet = FileEntry(path=MODEL_FILE, sha256="0" * 64, size_bytes=0)
    try:
        return Manifest(
            name=name,
            version=version,
            class_names=list(names),
            precision="fp32",
            input=InputSpec(height=image_hw[0], width=image_hw[1]),
            thresholds=thresholds,
            files=[nothing_yet],
            training=training,
        )
    except ValidationError as exc:
        raise manifest_error(exc) from exc


def manifest_error(exc: ValidationError) -> ModelError:
    """The error that tells what of a manifest cannot be written."""
    first = exc.errors(include_url=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    return ModelError(f"cannot write a manifest with {where} {first['input']!r}: {first['msg']}")


def _write_files(folder: Path, draft: Manifest, report: EvaluationReport | None) -> None:
    """Write graph, report, golden case and manifest, and compare all backends with the network."""
    model, _ = load_model(folder / WEIGHTS_FILE)  # rounded: graph and weights shall agree
    if report is not None:
        text = json.dumps(report.to_json(), indent=2) + "\n"
        (folder / REPORT_FILE).write_text(text, encoding="utf-8")
    image_hw = draft.input.height, draft.input.width
    images = pattern_images(image_hw, GOLDEN_IMAGES, GOLDEN_SEED)
    count = export_onnx(model, folder / MODEL_FILE, image_hw)
    candidates = TorchPredictor(rounded(model), image_hw).infer(images)
    write_golden(folder / GOLDEN_FILE, GoldenCase(images, candidates))
    manifest = draft.model_copy(
        update={
            "output": OutputSpec(count=count),
            "files": [file_entry(folder, path) for path in files_below(folder)],
            "golden": Golden(
                path=GOLDEN_FILE, box_tolerance_px=_GOLDEN_BOX_PX, score_tolerance=_GOLDEN_SCORE
            ),
        }
    )
    check_parity(write_manifest(folder, manifest), model, images)


def _training(
    model: DetectionNetwork,
    info: CheckpointInfo,
    report: EvaluationReport | None,
    facts: Mapping[str, str],
) -> TrainingFacts:
    """What the checkpoint's metadata and the caller say; a report's AP beats the metadata's."""
    known = dict(info.metadata) | dict(facts)
    texts = {key: value for key, value in known.items() if isinstance(value, str)}
    epochs = known.get("epoch")
    return TrainingFacts(
        architecture=model.architecture.name,
        data_id=texts.get("data_id"),
        commit=texts.get("commit"),
        recipe=texts.get("recipe"),
        note=texts.get("note"),
        epochs=epochs if isinstance(epochs, int) else None,
        ap50=report.ap50 if report else _share(known.get("ap50")),
        ap=report.ap if report else _share(known.get("ap")),
    )


def _share(value: object) -> float | None:
    return float(value) if isinstance(value, float) else None
