"""Checkpoints: what a file holds, read from every form there is, and written in our own.

Our own form is a dict of tensors and plain values, so `torch.load(path, weights_only=True)` reads
it too:

    {"format": "edgedet.checkpoint/1",
     "model": {"architecture", "num_classes", "names", "head", "fused", "anchors_px"},
     "weights": {key: tensor}, "ema": {key: tensor} or None,
     "train": {…} or None, "metadata": {…}}
"""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from torch import Tensor

from edgedet.errors import ModelError
from train.model.archive import CheckpointArchive
from train.model.foreign import ForeignModel, read_foreign
from train.model.head import AnchorsPx, HeadKind
from train.model.keys import Layout, describe_layout
from train.model.unpickle import load_pickle

FORMAT = "edgedet.checkpoint/1"

CheckpointForm = Literal["edgedet", "official", "state-dict"]


@dataclass(frozen=True, slots=True)
class CheckpointInfo:
    """What is known about the network in a checkpoint; `architecture` is None where unsaid."""

    form: CheckpointForm
    architecture: str | None
    num_classes: int
    names: tuple[str, ...]
    head: HeadKind
    fused: bool
    anchors_px: AnchorsPx | None
    metadata: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A file's content: `weights` as trained, `ema` their average if kept, `train` for resuming."""

    path: Path
    info: CheckpointInfo
    weights: Mapping[str, Tensor]
    ema: Mapping[str, Tensor] | None = None
    train: Mapping[str, object] | None = None

    @property
    def best_weights(self) -> Mapping[str, Tensor]:
        """The averaged weights if there are any, else the weights."""
        return self.ema or self.weights


def read_checkpoint(path: Path | str) -> Checkpoint:
    """The content of a checkpoint file, on the CPU, without running anything that the file says.

    Reads our own form, official YOLOv7 files (stripped or not, whole model objects), and plain
    state dicts, also under `state_dict` or `model` and with a `module.` prefix.

    Raises:
        ModelError: If the file is missing, damaged, dangerous, or holds no YOLOv7 weights.
    """
    path = Path(path)
    with closing(CheckpointArchive(path)) as archive:
        content = load_pickle(archive)
    if isinstance(content, dict) and str(content.get("format", "")).startswith("edgedet."):
        return _read_own(path, content)
    foreign = read_foreign(content)
    if foreign is None:
        message = f"refused checkpoint {path}: it holds neither a model nor a state dict"
        raise ModelError(message)
    return _from_foreign(path, foreign)


def _read_own(path: Path, content: Mapping[object, object]) -> Checkpoint:
    if content.get("format") != FORMAT:
        message = (
            f"refused checkpoint {path}: its format is {content.get('format')!r}, expected "
            f"{FORMAT!r}; it was written by another version of edgedet"
        )
        raise ModelError(message)
    weights = _tensors(path, content, "weights")
    if weights is None:
        message = f"refused checkpoint {path}: it has no weights"
        raise ModelError(message)
    layout = describe_layout(path, weights)
    model = _section(path, content, "model")
    metadata = _section(path, content, "metadata")
    names = model.get("names")
    architecture = model.get("architecture")
    info = CheckpointInfo(
        form="edgedet",
        architecture=architecture if isinstance(architecture, str) else None,
        num_classes=layout.num_classes,
        names=tuple(str(n) for n in names) if isinstance(names, list) else (),
        head=layout.head,
        fused=layout.fused,
        anchors_px=layout.anchors_px,
        metadata=metadata,
    )
    train = _section(path, content, "train") if content.get("train") is not None else None
    return Checkpoint(path, info, weights, _tensors(path, content, "ema"), train)


def _from_foreign(path: Path, foreign: ForeignModel) -> Checkpoint:
    layout: Layout = describe_layout(path, foreign.weights)
    info = CheckpointInfo(
        form="official" if foreign.is_object else "state-dict",
        architecture=None,
        num_classes=layout.num_classes,
        names=foreign.names if len(foreign.names) == layout.num_classes else (),
        head=layout.head,
        fused=layout.fused,
        anchors_px=layout.anchors_px,
        metadata=foreign.metadata,
    )
    return Checkpoint(path, info, foreign.weights, foreign.ema)


def _tensors(path: Path, content: Mapping[object, object], key: str) -> dict[str, Tensor] | None:
    values = content.get(key)
    if values is None:
        return None
    if isinstance(values, dict):
        tensors = {k: v for k, v in values.items() if isinstance(k, str) and isinstance(v, Tensor)}
        if tensors and len(tensors) == len(values):
            return tensors
    message = f"refused checkpoint {path}: its {key!r} is no mapping of names to tensors"
    raise ModelError(message)


def _section(path: Path, content: Mapping[object, object], key: str) -> dict[str, object]:
    values = content.get(key)
    if isinstance(values, dict) and all(isinstance(k, str) for k in values):
        return values
    message = f"refused checkpoint {path}: its {key!r} is no mapping"
    raise ModelError(message)
