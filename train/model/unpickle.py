"""A pickle reader that can build tensors and plain values and nothing else.

Official checkpoints are pickles of another project's objects. Every class in them becomes an inert
`Placeholder` that only keeps its state; every other name than those listed is refused, before the
first instruction of the pickle is carried out. No code that the file names is ever looked up.
"""

import io
import pickle
import pickletools
import re
from collections import OrderedDict
from collections.abc import Callable
from typing import NoReturn

import torch
from torch import Tensor

from train.model.archive import CheckpointArchive

_DTYPES = {
    "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16,
    "FloatStorage": torch.float32,
    "DoubleStorage": torch.float64,
    "ByteStorage": torch.uint8,
    "CharStorage": torch.int8,
    "ShortStorage": torch.int16,
    "IntStorage": torch.int32,
    "LongStorage": torch.int64,
    "BoolStorage": torch.bool,
}
_INERT_MODULES = re.compile(
    r"models\.(yolo|common|experimental)|torch\.nn\.modules\.[a-z_]+"
    r"|torch\.nn\.parallel\.data_parallel"
)
_INERT_NAMES = frozenset(
    {
        "numpy.core.multiarray._reconstruct",
        "numpy.core.multiarray.scalar",
        "numpy._core.multiarray._reconstruct",
        "numpy._core.multiarray.scalar",
        "numpy.ndarray",
        "numpy.dtype",
        "_codecs.encode",
    }
)
_SETS = frozenset({"__builtin__.set", "builtins.set"})
_REBUILD = frozenset({"torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_parameter"})
# Instructions that torch.save never writes and that reach past find_class or the stream.
_FORBIDDEN = frozenset(
    {"EXT1", "EXT2", "EXT4", "INST", "OBJ", "PERSID", "NEXT_BUFFER", "READONLY_BUFFER"}
)
_MEMO_WRITES = frozenset({"PUT", "BINPUT", "LONG_BINPUT"})


class Placeholder:
    """Stands for an object of a class that is not loaded: its class's name and its state."""

    __slots__ = ("state",)
    qualified_name = ""
    state: object

    def __new__(cls, *_args: object, **_kwargs: object) -> "Placeholder":  # noqa: PYI034 - Self needs 3.11
        """Ignore what the real class would have been given."""
        self = super().__new__(cls)
        self.state = None
        return self

    def __init__(self, *_args: object, **_kwargs: object) -> None:
        """Do nothing: a call of the name in the pickle ends here."""

    def __setstate__(self, state: object) -> None:
        self.state = state


def load_pickle(archive: CheckpointArchive) -> object:
    """The object that the archive's pickle describes, made of plain values and placeholders.

    Raises:
        ModelError: If the pickle is damaged, or names anything but tensors and network layers.
    """
    data = archive.pickle_bytes()
    try:
        _scan(data, archive)
        return _Unpickler(data, archive).load()
    except (
        pickle.UnpicklingError,
        EOFError,
        ValueError,
        TypeError,
        AttributeError,
        IndexError,
        KeyError,
        MemoryError,
        OverflowError,
        RecursionError,
    ) as exc:
        archive.refuse(f"its pickle is damaged ({type(exc).__name__}: {exc})", exc)


def _scan(data: bytes, archive: CheckpointArchive) -> None:
    """Refuse by reading the instructions alone; `_Unpickler` refuses again what can hide here."""
    refused: dict[str, None] = {}
    for count, (opcode, argument, _) in enumerate(pickletools.genops(data)):
        if opcode.name in _FORBIDDEN:
            archive.refuse(f"its pickle uses the instruction {opcode.name}")
        if opcode.name in _MEMO_WRITES and int(str(argument)) > count:
            archive.refuse(f"its pickle has the memo index {argument} after {count} steps")
        if opcode.name == "GLOBAL":
            name = str(argument).replace(" ", ".")
            if not _is_known(*str(argument).split(" ", 1)):
                refused[name] = None
    if refused:
        _refuse_names(archive, list(refused))


def _is_known(module: str, name: str) -> bool:
    full = f"{module}.{name}"
    return (
        full in _INERT_NAMES
        or full in _SETS
        or full in _REBUILD
        or full == "collections.OrderedDict"
        or (module == "torch" and name in _DTYPES)
        or _INERT_MODULES.fullmatch(module) is not None
    )


def _refuse_names(archive: CheckpointArchive, names: list[str]) -> NoReturn:
    archive.refuse(
        f"its pickle names {', '.join(names)}, which no YOLOv7 checkpoint needs; "
        "it may be made to run code, do not load it with anything"
    )


class _StorageType:
    """What a storage class in the pickle becomes: its element type."""

    __slots__ = ("dtype",)

    def __init__(self, dtype: torch.dtype) -> None:
        self.dtype = dtype


class _Function:
    """A callable without attributes that a pickle could overwrite."""

    __slots__ = ("_call",)

    def __init__(self, call: Callable[..., object]) -> None:
        self._call = call

    def __call__(self, *args: object) -> object:
        return self._call(*args)

    def __setstate__(self, state: object) -> None:
        message = "the pickle sets the state of a function"
        raise pickle.UnpicklingError(message)


class _Unpickler(pickle.Unpickler):
    def __init__(self, data: bytes, archive: CheckpointArchive) -> None:
        super().__init__(io.BytesIO(data))
        self._archive = archive
        self._placeholders: dict[str, type[Placeholder]] = {}
        self._rebuild = {
            "torch._utils._rebuild_tensor_v2": _Function(self._tensor),
            "torch._utils._rebuild_parameter": _Function(self._parameter),
        }

    def find_class(self, module_name: str, global_name: str, /) -> object:
        full = f"{module_name}.{global_name}"
        if not _is_known(module_name, global_name):
            _refuse_names(self._archive, [full])
        if full in self._rebuild:
            return self._rebuild[full]
        if full in _SETS:
            return set
        if full == "collections.OrderedDict":
            return OrderedDict
        if module_name == "torch":
            return _StorageType(_DTYPES[global_name])
        if full not in self._placeholders:
            members = {"__slots__": (), "qualified_name": full}
            self._placeholders[full] = type("Placeholder", (Placeholder,), members)
        return self._placeholders[full]

    def persistent_load(self, pid: object, /) -> Tensor:
        match pid:
            # The location (a device's name) is ignored: everything is read to the CPU.
            case ("storage", _StorageType() as kind, key, _, numel):
                return self._archive.storage(key, kind.dtype, numel)
            case _:
                return self._archive.refuse("its pickle refers to something that is no storage")

    def _tensor(self, *args: object) -> Tensor:
        match args:
            case (Tensor() as storage, offset, size, stride, *_) if storage.dim() == 1:
                return self._archive.view(storage, offset, size, stride)
            case _:
                return self._archive.refuse("a tensor is described wrongly")

    def _parameter(self, *args: object) -> Tensor:
        match args:
            case (Tensor() as data, *_):
                return data
            case _:
                return self._archive.refuse("a parameter is described wrongly")
