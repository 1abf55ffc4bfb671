"""Writing checkpoints in our own form (see `checkpoint.py`); a crash leaves the old file."""

import errno
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import torch
from torch import Tensor, nn

from edgedet.errors import ModelError
from edgedet.files import sync
from train.model.checkpoint import FORMAT
from train.model.network import DetectionNetwork

_MAX_DEPTH = 16
_LITTLE_BYTES = 64 * 2**20  # less than a checkpoint of the smallest network


class NotFiniteError(ModelError):
    """A weight is no number that the file can hold."""


@dataclass(frozen=True, slots=True)
class CheckpointContent:
    """What to save beside a model's weights.

    Attributes:
        names: Class names, one for each class.
        ema: State dict (or model) of the averaged weights, which loading prefers.
        train: State for resuming: tensors, numbers, strings, None, lists, tuples and dicts only.
        metadata: Facts for people and tools, of the same kinds of value.
        half: Store floating-point weights as float16, as official files do.
    """

    names: Sequence[str]
    ema: nn.Module | Mapping[str, Tensor] | None = None
    train: Mapping[str, object] | None = None
    metadata: Mapping[str, object] = field(default_factory=dict)
    half: bool = False


def save_checkpoint(path: Path | str, model: DetectionNetwork, content: CheckpointContent) -> None:
    """Write a checkpoint that `read_checkpoint` and `torch.load(weights_only=True)` read.

    The file appears whole or not at all: a temporary one beside it is flushed and renamed.

    Raises:
        NotFiniteError: If a weight is not finite in the type that it is stored as.
        ModelError: If a value is of a kind that cannot be read back safely, or if the file cannot
            be written.
    """
    path = Path(path)
    if len(content.names) != model.num_classes:
        message = (
            f"cannot save {path}: {len(content.names)} class names for {model.num_classes} classes"
        )
        raise ModelError(message)
    document = {
        "format": FORMAT,
        "model": {
            "architecture": model.architecture.name,
            "num_classes": model.num_classes,
            "names": [str(name) for name in content.names],
            "head": model.head.kind,
            "fused": model.fused,
            "anchors_px": _plain(model.anchors_px, "anchors_px"),
        },
        "weights": _weights(model.state_dict(), path, half=content.half),
        "ema": None if content.ema is None else _weights(content.ema, path, half=content.half),
        "train": None if content.train is None else _plain(content.train, "train"),
        "metadata": _plain(content.metadata, "metadata"),
    }
    _write(path, document)


def _weights(
    source: nn.Module | Mapping[str, Tensor], path: Path, *, half: bool
) -> dict[str, Tensor]:
    values = source.state_dict() if isinstance(source, nn.Module) else source
    stored: dict[str, Tensor] = {}
    for key, value in values.items():
        tensor = value.detach()
        if tensor.is_floating_point():
            tensor = tensor.to(torch.float16) if half else tensor
            if not bool(torch.isfinite(tensor).all()):
                message = f"cannot save {path}: {key} is not finite in {tensor.dtype}"
                raise NotFiniteError(message)
        stored[key] = _own_copy(tensor)
    return stored


def _own_copy(tensor: Tensor) -> Tensor:
    """A CPU tensor with a storage of its own: a slice must not drag its whole into the file."""
    return tensor.detach().to("cpu", copy=True).contiguous()


def _plain(value: object, where: str, depth: int = 0) -> object:
    """`value` rebuilt from exact builtin types, so that nothing else can be in the pickle."""
    if depth > _MAX_DEPTH:
        message = f"cannot save a checkpoint: {where} is nested deeper than {_MAX_DEPTH}"
        raise ModelError(message)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, Tensor):
        return _own_copy(value)
    for kind in (int, float, str):  # numpy's float64 is a float: made a real one
        if isinstance(value, kind):
            return kind(value)
    if isinstance(value, Mapping):
        return {
            _key(key, where): _plain(item, f"{where}.{key}", depth + 1)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        items = [_plain(item, f"{where}[{i}]", depth + 1) for i, item in enumerate(value)]
        return items if isinstance(value, list) else tuple(items)
    message = (
        f"cannot save a checkpoint: {where} is a {type(value).__qualname__}, expected tensors, "
        "numbers, strings, None, lists, tuples or dicts"
    )
    raise ModelError(message)


def _key(key: object, where: str) -> int | str:
    if isinstance(key, str):
        return str(key)
    if isinstance(key, int):
        return int(key)
    message = f"cannot save a checkpoint: {where} has the key {key!r}, expected a string or number"
    raise ModelError(message)


def write_error(path: Path, cause: BaseException) -> ModelError:
    """The error that tells why `path` could not be written, and what to do."""
    free_bytes = _free_bytes(path.parent)
    reasons = [cause, cause.__context__, cause.__cause__]
    code = next((each.errno for each in reasons if isinstance(each, OSError)), None)
    # torch tells of a failed write without saying why
    if code in (errno.ENOSPC, errno.EDQUOT) or (code is None and free_bytes < _LITTLE_BYTES):
        return ModelError(
            f"cannot write {path}: the disk is full ({free_bytes / 1e6:.0f} MB free); what was "
            "written before is whole; make room, then go on with --resume"
        )
    reason = os.strerror(code) if code is not None else str(cause).split("\n", maxsplit=1)[0]
    return ModelError(f"cannot write {path}: {reason}; what was written before is whole")


def _free_bytes(folder: Path) -> int:
    try:
        return shutil.disk_usage(folder).free
    except OSError:  # the folder itself is gone
        return _LITTLE_BYTES


def _write(path: Path, document: Mapping[str, object]) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        _remove_left_over(path)
        with temporary.open("wb") as file:
            torch.save(document, file)
            _flush(file)
        temporary.replace(path)
        sync(path.parent)  # the new name too must survive a power cut
    except (OSError, RuntimeError) as exc:
        raise write_error(path, exc) from exc
    finally:
        temporary.unlink(missing_ok=True)


def _remove_left_over(path: Path) -> None:
    """Remove what a process that was killed while it wrote `path` has left: it may be large."""
    for old in path.parent.glob(f".{path.name}.*.tmp"):
        old.unlink(missing_ok=True)


def _flush(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())
