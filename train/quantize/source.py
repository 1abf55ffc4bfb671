"""The float model that is to be quantized: a bundle, or one made of a checkpoint for now."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from edgedet.errors import ModelError
from edgedet.manifest import (
    MANIFEST_FILE,
    MODEL_FILE,
    Bundle,
    Manifest,
    Thresholds,
    read_bundle,
    verify_file,
)
from train.export.bundle import export_bundle
from train.export.origin import read_origin
from train.model import read_checkpoint
from train.quantize.scale_table import ScaleTable
from train.quantize.trained import own_scale_table


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a person wants otherwise than the source says; None: as it says."""

    name: str
    version: str | None = None
    image_size: int | None = None
    score_threshold: float | None = None
    iou_threshold: float | None = None
    note: str = ""

    def thresholds(self, known: Thresholds) -> Thresholds:
        """Those of the source, but for what is wished."""
        score = known.score if self.score_threshold is None else self.score_threshold
        iou = known.iou if self.iou_threshold is None else self.iou_threshold
        return Thresholds(score=score, iou=iou)


@dataclass(frozen=True, slots=True)
class FloatModel:
    """A float bundle, the checkpoint beside it, and the scales that training found, if any."""

    bundle: Bundle
    weights: Path | None
    trained_table: ScaleTable | None


@contextmanager
def open_source(path: Path, wishes: Wishes) -> Iterator[FloatModel]:
    """The float model of `path`, a checkpoint or the folder of a bundle.

    A float bundle is taken as it is. A checkpoint, a bundle that is INT8 already, or one of another
    size, is exported anew into a folder that is gone afterwards.

    Raises:
        ModelError: If it cannot be read or exported, or the bundle has no checkpoint to do so from.
    """
    if path.suffix == ".onnx":
        path = _bundle_of(path)
    if not path.is_dir():
        with _exported(path, wishes, None) as model:
            yield model
        return
    bundle = read_bundle(path)
    manifest = bundle.manifest
    has_weights = bundle.entry(bundle.weights_path.name) is not None
    if has_weights:
        verify_file(bundle, bundle.weights_path.name)
    is_as_wished = wishes.image_size is None or bundle.input_hw == (wishes.image_size,) * 2
    if manifest.precision == "fp32" and is_as_wished:
        verify_file(bundle, MODEL_FILE)
        weights = bundle.weights_path if has_weights else None
        yield FloatModel(bundle, weights, None if weights is None else _trained_table(weights))
        return
    if not has_weights:
        state = f"is {manifest.precision}" if is_as_wished else f"takes {bundle.input_hw}"
        msg = f"bundle '{path}' {state} and has no weights.pt; give the checkpoint that it is from"
        raise ModelError(msg)
    with _exported(bundle.weights_path, wishes, manifest) as model:
        yield model


def _bundle_of(graph: Path) -> Path:
    if graph.name == MODEL_FILE and (graph.parent / MANIFEST_FILE).is_file():
        return graph.parent
    msg = f"{graph} is a graph alone; give the folder of its bundle, or the checkpoint it is from"
    raise ModelError(msg)


def _trained_table(weights: Path) -> ScaleTable | None:
    return own_scale_table(read_checkpoint(weights).info, weights)


@contextmanager
def _exported(weights: Path, wishes: Wishes, like: Manifest | None) -> Iterator[FloatModel]:
    size = wishes.image_size or (like.input.height if like else None)
    origin = read_origin(weights, size, wishes.note)
    with tempfile.TemporaryDirectory(prefix="edgedet-quantize-") as folder:
        bundle = export_bundle(
            weights,
            Path(folder) / "float",
            name=like.name if like else wishes.name,
            version=like.version if like else wishes.version or "1",
            image_size=_shape(origin.image_size, like, wishes),
            class_names=tuple(like.class_names) if like else (),
            thresholds=wishes.thresholds(like.thresholds if like else Thresholds()),
            facts=_facts(like) | dict(origin.facts),
        )
        # the copy in the bundle is rounded; its table is that of the original
        yield FloatModel(bundle, bundle.weights_path, _trained_table(weights))


def _shape(side: int, like: Manifest | None, wishes: Wishes) -> tuple[int, int]:
    if like is not None and wishes.image_size is None:
        return like.input.height, like.input.width
    return side, side


def _facts(like: Manifest | None) -> dict[str, str]:
    """What the manifest of a bundle says beyond its checkpoint."""
    training = None if like is None else like.training
    if training is None:
        return {}
    known = {
        "data_id": training.data_id,
        "commit": training.commit,
        "recipe": training.recipe,
        "note": training.note,
    }
    return {key: value for key, value in known.items() if value}
