"""The zip container of a PyTorch checkpoint: checked whole, read without PyTorch's own loader.

Knows bytes, sizes and tensors; what the pickle inside means is `unpickle.py`'s business. Entries
must be stored uncompressed, as torch.save writes them, and together be no larger than the file, so
that a small file cannot ask for much memory.
"""

import math
import re
import zipfile
from pathlib import Path
from typing import NoReturn

import torch
from torch import Tensor

from edgedet.errors import ModelError

_PICKLE_NAME = "data.pkl"
_MAX_ENTRIES = 100_000
_MAX_PICKLE_BYTES = 64 * 2**20
_MAX_DIMENSIONS = 8
_STORAGE_KEY = re.compile(r"[0-9]{1,9}")
_TORCHSCRIPT = re.compile(r"[^/]*/(constants\.pkl|code/.*)")


class CheckpointArchive:
    """An open checkpoint file; whoever opens it closes it.

    Raises:
        ModelError: On construction and by every method, if the file is not a sound checkpoint.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            size_bytes = path.stat().st_size
            self._zip = zipfile.ZipFile(path)
        except OSError as exc:
            message = f"cannot read checkpoint {path}: {exc.strerror or exc}"
            raise ModelError(message) from exc
        except (zipfile.BadZipFile, ValueError, NotImplementedError) as exc:
            self.refuse(
                "it is no whole zip archive, so it is cut off, or older than PyTorch 1.6, or no "
                "checkpoint; save it again with a current torch.save",
                exc,
            )
        try:
            self._prefix = self._check(size_bytes)
        except BaseException:
            self._zip.close()
            raise
        self._storages: dict[str, Tensor] = {}

    def close(self) -> None:
        """Close the file; tensors read from it stay valid."""
        self._zip.close()

    def refuse(self, reason: str, cause: BaseException | None = None) -> NoReturn:
        """Raise the error that names this file and `reason`."""
        message = f"refused checkpoint {self._path}: {reason}"
        raise ModelError(message) from cause

    def pickle_bytes(self) -> bytes:
        """The pickle that describes the checkpoint."""
        return self._read(f"{self._prefix}/{_PICKLE_NAME}", _MAX_PICKLE_BYTES)

    def storage(self, key: object, dtype: torch.dtype, numel: object) -> Tensor:
        """The elements (numel,) stored under `key`, read once and shared afterwards."""
        if not isinstance(key, str) or not _STORAGE_KEY.fullmatch(key):
            self.refuse(f"storage key {key!r} is not a number")
        if not isinstance(numel, int) or numel < 0:
            self.refuse(f"storage {key} claims {numel!r} elements")
        if key not in self._storages:
            self._storages[key] = self._load_storage(key, dtype)
        found = self._storages[key]
        if found.numel() != numel or found.dtype != dtype:
            self.refuse(
                f"storage {key} holds {found.numel()} elements of {found.dtype}, "
                f"the pickle says {numel} of {dtype}"
            )
        return found

    def view(self, storage: Tensor, offset: object, size: object, stride: object) -> Tensor:
        """A tensor over `storage`, if it lies inside and repeats no element."""
        shape, steps = self._numbers(size, "size"), self._numbers(stride, "stride")
        (start,) = self._numbers((offset,), "offset")
        if len(shape) != len(steps) or len(shape) > _MAX_DIMENSIONS:
            self.refuse(f"a tensor has size {shape} but stride {steps}")
        count = math.prod(shape)
        last = start + sum((n - 1) * step for n, step in zip(shape, steps, strict=True))
        outside = count > 0 and last >= storage.numel()
        if outside or start > storage.numel() or count > storage.numel():
            self.refuse(
                f"a tensor of size {shape}, stride {steps}, offset {start} does not fit "
                f"its storage of {storage.numel()} elements"
            )
        return torch.as_strided(storage, shape, steps, start)

    def _numbers(self, values: object, what: str) -> tuple[int, ...]:
        if not isinstance(values, tuple | list):
            self.refuse(f"a tensor's {what} is {values!r}, expected whole numbers")
        for value in values:
            if type(value) is not int or not 0 <= value < 2**40:
                self.refuse(f"a tensor's {what} holds {value!r}")
        return tuple(values)

    def _load_storage(self, key: str, dtype: torch.dtype) -> Tensor:
        name = f"{self._prefix}/data/{key}"
        data = bytearray(self._read(name, None))
        if len(data) % dtype.itemsize:
            self.refuse(f"{name} has {len(data)} bytes, no whole number of {dtype}")
        if not data:
            return torch.empty(0, dtype=dtype)
        if dtype is torch.bool:  # any byte but 0 and 1 would be an invalid bool
            return torch.frombuffer(data, dtype=torch.uint8).ne(0)
        return torch.frombuffer(data, dtype=dtype)

    def _read(self, name: str, limit_bytes: int | None) -> bytes:
        try:
            info = self._zip.getinfo(name)
            if limit_bytes is not None and info.file_size > limit_bytes:
                self.refuse(f"{name} has {info.file_size} bytes, limit {limit_bytes}")
            return self._zip.read(info)
        except KeyError as exc:
            self.refuse(f"{name} is missing", exc)
        except (zipfile.BadZipFile, EOFError, OSError, RuntimeError, NotImplementedError) as exc:
            self.refuse(f"{name} cannot be read ({exc})", exc)

    def _check(self, size_bytes: int) -> str:
        """The folder inside the archive, once the table of contents is found sound."""
        entries = self._zip.infolist()
        names = [entry.filename for entry in entries]
        if len(entries) > _MAX_ENTRIES or len(set(names)) != len(names):
            self.refuse(f"its {len(entries)} entries are too many or not distinct")
        if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
            self.refuse("its entries are compressed, which torch.save never does")
        if sum(entry.file_size for entry in entries) > size_bytes:
            self.refuse("its entries claim more bytes than the file has")
        if any(_TORCHSCRIPT.fullmatch(name) for name in names):
            self.refuse("it is a TorchScript program; give the checkpoint it was made from")
        tops = [name.split("/")[0] for name in names if name.count("/") == 1]
        found = [top for top in dict.fromkeys(tops) if f"{top}/{_PICKLE_NAME}" in names]
        if len(found) != 1:
            self.refuse(f"expected one {_PICKLE_NAME} inside, found {len(found)}")
        order = f"{found[0]}/byteorder"
        if order in names and self._read(order, 16).strip() != b"little":
            self.refuse("its numbers are not little-endian; save it again on a PC")
        return found[0]
