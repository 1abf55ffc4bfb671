"""Engines on disk: `NAME-KEY.engine` with `NAME-KEY.json` beside it, in the state directory.

An engine belongs to one bundle, one TensorRT and one GPU. The sidecar is asked first: what does not
fit is never handed to TensorRT, whose own answer to a foreign engine may be a crash.
"""

import hashlib
import logging
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edgedet.detect.engine.sidecar import EngineKey, Sidecar, read_sidecar
from edgedet.errors import ModelError
from edgedet.files import read_plain, write_whole
from edgedet.manifest import Bundle

logger = logging.getLogger(__name__)

FOLDER = "engines"
ENGINE_SUFFIX, SIDECAR_SUFFIX = ".engine", ".json"


@dataclass(frozen=True, slots=True)
class StoredEngine:
    """An engine that fits here: its file, and what its sidecar says."""

    path: Path
    sidecar: Sidecar

    def read(self) -> bytes:
        """The engine's bytes, their digest checked.

        Raises:
            ModelError: If the file is missing or is not the one that the sidecar describes.
        """
        try:
            plan = read_plain(self.path)
        except OSError as exc:
            msg = f"cannot read the engine {self.path} ({exc.strerror}); {_remedy('BUNDLE')}"
            raise ModelError(msg) from exc
        if hashlib.sha256(plan).hexdigest() != self.sidecar.engine_sha256:
            msg = f"the engine {self.path} is damaged: its digest is another; {_remedy('BUNDLE')}"
            raise ModelError(msg)
        return plan


def find_engine(
    folders: Sequence[Path], bundle: Bundle, key: EngineKey, max_batch: int
) -> StoredEngine:
    """The engine for a bundle on this GPU; of several the smallest that takes whole batches.

    Args:
        folders: Where this device keeps what is its own: the state directory, the user's cache.
        bundle: The model.
        key: What must fit.
        max_batch: The largest batch that will be asked for; an engine for less splits it.

    Raises:
        ModelError: If there is none: what there is instead, and the command that makes one.
    """
    misfits: list[str] = []
    fitting: list[StoredEngine] = []
    for folder in folders:
        for path in sorted((folder / FOLDER).glob(f"{bundle.manifest.name}-*{SIDECAR_SUFFIX}")):
            try:
                sidecar = read_sidecar(path)
            except ModelError as exc:
                misfits.append(str(exc))
                continue
            if differences := key.differences(sidecar):
                misfits.append(f"{path.with_suffix(ENGINE_SUFFIX)}: {', '.join(differences)}")
            else:
                fitting.append(StoredEngine(path.with_suffix(ENGINE_SUFFIX), sidecar))
    if not fitting:
        raise ModelError(_none_text(folders, bundle, key, misfits))
    fitting.sort(key=lambda each: each.sidecar.built_at, reverse=True)  # of equals the newest
    whole = [each for each in fitting if each.sidecar.profile.max >= max_batch]
    if whole:
        return min(whole, key=lambda each: each.sidecar.profile.max)
    return max(fitting, key=lambda each: each.sidecar.profile.max)


def stored_at(folder: Path, bundle: Bundle, stem: str) -> StoredEngine | None:
    """The engine of exactly that key in `folder`, whole; None if there is none."""
    path = folder / f"{bundle.manifest.name}-{stem}{ENGINE_SUFFIX}"
    try:
        stored = StoredEngine(path, read_sidecar(path.with_suffix(SIDECAR_SUFFIX)))
        stored.read()
    except ModelError:
        return None
    return stored


def save_engine(
    folder: Path, bundle: Bundle, plan: bytes, sidecar: Sidecar, stem: str
) -> StoredEngine:
    """Write an engine and then its sidecar, each whole or not at all.

    Raises:
        ModelError: If the folder cannot be written.
    """
    path = folder / f"{bundle.manifest.name}-{stem}{ENGINE_SUFFIX}"
    try:
        path.with_suffix(SIDECAR_SUFFIX).unlink(missing_ok=True)
        write_whole(path, plan)
        text = sidecar.model_dump_json(indent=2, by_alias=True, exclude_none=True) + "\n"
        write_whole(path.with_suffix(SIDECAR_SUFFIX), text.encode())
    except OSError as exc:
        msg = f"cannot write {path} ({exc.strerror}); choose another folder with --state-dir"
        raise ModelError(msg) from exc
    return StoredEngine(path, sidecar)


def remove_outlived(folder: Path, key: EngineKey) -> list[Path]:
    """Delete engines that another TensorRT built for this GPU, of any model; what was deleted.

    Engines of other versions of a bundle stay, for the way back to one, and so do those of other
    GPUs, which may share the folder.
    """
    removed = []
    for path in sorted(folder.glob(f"*{SIDECAR_SUFFIX}")):
        try:
            is_outlived = key.is_outlived_by_library(read_sidecar(path))
        except ModelError as exc:
            logger.debug("left alone: %s", exc)
            continue
        if is_outlived and _delete(path):
            removed.append(path.with_suffix(ENGINE_SUFFIX))
    return removed


def remove_engines_of(state_dir: Path, digest: str) -> list[Path]:
    """Delete the engines in `state_dir` of the bundle whose digest begins so; what was deleted."""
    removed = []
    for path in sorted((state_dir / FOLDER).glob(f"*{SIDECAR_SUFFIX}")):
        try:
            is_of_bundle = read_sidecar(path).bundle_sha256.startswith(digest)
        except ModelError as exc:
            logger.debug("left alone: %s", exc)
            continue
        if is_of_bundle and _delete(path):
            removed.append(path.with_suffix(ENGINE_SUFFIX))
    return removed


def writable_folder(folders: Sequence[Path]) -> Path:
    """The folder for engines in the first of `folders` that can be written.

    Raises:
        ModelError: If none can.
    """
    tried = [folder / FOLDER for folder in folders]
    for folder in tried:
        if _is_writable(folder):
            return folder
    listed = ", ".join(str(folder) for folder in tried)
    msg = f"no folder for engines can be written, tried {listed}; choose one with --state-dir"
    raise ModelError(msg)


def _delete(sidecar: Path) -> bool:
    """Delete an engine and then its sidecar; whether that could be done."""
    try:
        for each in (sidecar.with_suffix(ENGINE_SUFFIX), sidecar):
            each.unlink(missing_ok=True)
    except OSError as exc:
        logger.warning("cannot delete the engine of %s (%s)", sidecar, exc.strerror)
        return False
    return True


def _is_writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError as exc:
        logger.debug("cannot write %s: %s", folder, exc)
        return False


def _none_text(folders: Sequence[Path], bundle: Bundle, key: EngineKey, misfits: list[str]) -> str:
    where = " or ".join(str(folder / FOLDER) for folder in folders) or "any folder"
    lead = (
        f"no TensorRT engine of model '{bundle.manifest.name}' for {key.device} "
        f"(TensorRT {key.tensorrt}) in {where}"
    )
    told = f": {'; '.join(misfits)}" if misfits else ""
    return f"{lead}{told}; {_remedy(str(bundle.folder))}"


def _remedy(bundle: str) -> str:
    return f"build one here with `edgedet build-engine {bundle}`"
