"""Filling networks from checkpoint files of any form."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from edgedet.errors import ModelError
from train.model.adapt import adapt_weights, is_auxiliary
from train.model.architectures import Architecture
from train.model.checkpoint import Checkpoint, CheckpointInfo, read_checkpoint
from train.model.keys import Layout, describe_layout
from train.model.members import find_architecture, fit_widths, recognise
from train.model.network import DetectionNetwork, build_model
from train.model.reparameterise import fuse

logger = logging.getLogger(__name__)

_SHOWN = 5


@dataclass(frozen=True, slots=True)
class LoadReport:
    """What became of a checkpoint's weights in a model.

    Attributes:
        matched: Entries of the model's state dict that came from the file (some by folding).
        total: Entries of the model's state dict.
        filled: Entries that the file has not and that were set to do nothing.
        missing: Entries left as they were: those of an auxiliary head that the file has not.
        unexpected: Entries of the file that the model has no place for.
        mismatched: (entry, shape in the file, shape in the model); only with `strict=False`.
        info: What the file says about its network.
    """

    path: Path
    info: CheckpointInfo
    matched: int
    total: int
    filled: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    unexpected: tuple[str, ...] = ()
    mismatched: tuple[tuple[str, tuple[int, ...], tuple[int, ...]], ...] = ()


def load_weights(model: DetectionNetwork, path: Path | str, *, strict: bool = True) -> LoadReport:
    """Fill `model` from a checkpoint; its averaged weights (`ema`) are preferred.

    The checkpoint's anchors replace the model's: the head's weights mean nothing without them.

    A fused checkpoint gives an unfused model the same outputs, but its normalisation statistics are
    lost: a poor start for training.

    Args:
        model: Any form: implicit or plain head, fused or not.
        path: See `read_checkpoint` for the forms it may have.
        strict: Refuse another number of classes; if false the head's convolutions then stay as
            initialised, which is what fine-tuning wants. Anything else that differs is refused
            either way.

    Raises:
        ModelError: If the file is refused or does not fit. The model is then unchanged.
    """
    return _fill(model, read_checkpoint(path), strict=strict)


def load_model(path: Path | str) -> tuple[DetectionNetwork, CheckpointInfo]:
    """The network in a checkpoint, in eval mode on the CPU, in float32 and in the file's own form.

    Raises:
        ModelError: If the file is refused or is of an unknown architecture.
    """
    checkpoint = read_checkpoint(path)
    info = checkpoint.info
    architecture = read_architecture(checkpoint)
    model = build_model(architecture, info.num_classes, head=info.head, anchors=info.anchors_px)
    if info.fused:
        model = fuse(model)
    _fill(model, checkpoint, strict=True)
    return model.eval(), info


def start_from(
    path: Path | str, name: str, num_classes: int
) -> tuple[DetectionNetwork, LoadReport]:
    """A network in its training form that starts from a checkpoint, as narrow as that one is.

    Args:
        path: See `read_checkpoint`; pruned networks too.
        name: The member that it has to be.
        num_classes: If the file has another number, the head's convolutions start from scratch.

    Raises:
        ModelError: If the file is refused or is another member.
    """
    checkpoint = read_checkpoint(path)
    architecture = read_architecture(checkpoint)
    _refuse_other_member(checkpoint, architecture, name)
    model = build_model(architecture, num_classes)
    return model, _fill(model, checkpoint, strict=False)


def read_architecture(checkpoint: Checkpoint) -> Architecture:
    """The layer table of the network in a checkpoint, with the widths that its weights have.

    Raises:
        ModelError: If the checkpoint is of no known member, or not of the one that it names.
    """
    path, weights = checkpoint.path, checkpoint.best_weights
    layout = describe_layout(path, weights)
    member = recognise(path, layout)
    named = checkpoint.info.architecture
    if named is not None and find_architecture(named) is not member:
        message = f"cannot load {path}: it says that it is a {named}, but is a {member.name}"
        raise ModelError(message)
    return fit_widths(path, member, weights, auxiliary=layout.auxiliary > 0)


def _fill(model: DetectionNetwork, checkpoint: Checkpoint, *, strict: bool) -> LoadReport:
    path, weights = checkpoint.path, checkpoint.best_weights
    layout = describe_layout(path, weights)
    wanted = model.state_dict()
    _check_activation(checkpoint, model.architecture)
    _refuse_other_member(checkpoint, recognise(path, layout), model.architecture.name)
    if strict and layout.num_classes != model.num_classes:
        message = (
            f"cannot load {path}: it has {layout.num_classes} classes, the model "
            f"{model.num_classes}; build the model for {layout.num_classes}, or pass strict=False "
            "to keep the head as initialised"
        )
        raise ModelError(message)
    try:
        adapted, filled = adapt_weights(
            weights, layout, wanted, head_index=model.head_index, fused=model.fused
        )
    except (KeyError, IndexError, RuntimeError) as exc:
        message = f"cannot load {path}: its weights do not belong together ({exc})"
        raise ModelError(message) from exc
    report = _compare(checkpoint, adapted, wanted, filled)
    _refuse_misfits(report, layout, model)
    _refuse_unusable(path, adapted, wanted)
    skipped = {key for key, _, _ in report.mismatched}
    with torch.no_grad():
        for key, target in wanted.items():
            if key in adapted and key not in skipped:
                target.copy_(adapted[key])
    logger.info(
        "loaded %s: %d of %d entries, %d neutral, %d left as initialised",
        path,
        report.matched,
        report.total,
        len(report.filled),
        len(report.missing) + len(report.mismatched),
    )
    return report


def _refuse_other_member(checkpoint: Checkpoint, found: Architecture, wanted: str) -> None:
    if found.name != wanted:
        message = (
            f"cannot load {checkpoint.path} into {wanted}: it is a {found.name}; "
            f"build {found.name}, or give weights of {wanted}"
        )
        raise ModelError(message)


def _compare(
    checkpoint: Checkpoint,
    adapted: Mapping[str, Tensor],
    wanted: Mapping[str, Tensor],
    filled: tuple[str, ...],
) -> LoadReport:
    common = [key for key in wanted if key in adapted]
    mismatched = tuple(
        (key, tuple(adapted[key].shape), tuple(wanted[key].shape))
        for key in common
        if adapted[key].shape != wanted[key].shape
    )
    return LoadReport(
        path=checkpoint.path,
        info=checkpoint.info,
        matched=len(common) - len(mismatched) - len(filled),
        total=len(wanted),
        filled=filled,
        missing=tuple(key for key in wanted if key not in adapted),
        unexpected=tuple(key for key in adapted if key not in wanted),
        mismatched=mismatched,
    )


def _refuse_misfits(report: LoadReport, layout: Layout, model: DetectionNetwork) -> None:
    head_index = model.head_index
    other_classes = layout.num_classes != model.num_classes
    head = tuple(f"model.{head_index}.{name}." for name in ("m", "m2", "im"))
    wrong = [
        f"{key} is {given}, expected {expected}"
        for key, given, expected in report.mismatched
        if not (other_classes and key.startswith(head))
    ]
    wrong += [
        f"{key} is missing" for key in report.missing if not is_auxiliary(key, layout, head_index)
    ]
    wrong += [f"{key} has no place" for key in report.unexpected]
    if wrong:
        more = f" and {len(wrong) - _SHOWN} more" if len(wrong) > _SHOWN else ""
        message = f"cannot load {report.path}: {'; '.join(wrong[:_SHOWN])}{more}"
        raise ModelError(message)


def _refuse_unusable(
    path: Path, adapted: Mapping[str, Tensor], wanted: Mapping[str, Tensor]
) -> None:
    for key, target in wanted.items():
        value = adapted.get(key, target)
        if value.is_floating_point() != target.is_floating_point():
            message = f"cannot load {path}: {key} is {value.dtype}, expected {target.dtype}"
            raise ModelError(message)
        if not bool(torch.isfinite(value).all()):
            message = f"cannot load {path}: {key} is not finite, so the training had diverged"
            raise ModelError(message)


def _check_activation(checkpoint: Checkpoint, architecture: Architecture) -> None:
    """Weights fit whatever the activation is, but mean nothing with another one."""
    given = checkpoint.info.metadata.get("activations")
    expected = type(architecture.activation()).__name__
    if isinstance(given, list) and checkpoint.info.form == "official" and given != [expected]:
        message = (
            f"cannot load {checkpoint.path} into {architecture.name}: it was trained with "
            f"{', '.join(map(str, given))}, expected {expected}"
        )
        raise ModelError(message)
