"""Which installed bundles stay: those that somebody needs, and the newest few. The rest goes."""

import logging
from collections.abc import Callable, Mapping
from pathlib import Path

from edgedet.models.folders import remove_whole, sweep
from edgedet.models.store import ModelStore

logger = logging.getLogger(__name__)

NEWEST = "newest"

ForgetEngines = Callable[[str], object]
"""Removes the engines of the bundle whose digest begins so."""


def kept_for(store: ModelStore, needed: Mapping[str, str], newest: int) -> dict[str, str]:
    """Why each installed bundle stays, by id; empty: it goes at the next occasion.

    `needed` says what some are needed for. Besides, the `newest` that were installed stay.
    """
    folders = sorted(store.folders(), key=_age, reverse=True)
    return {
        folder.name: needed.get(folder.name, NEWEST if rank < newest else "")
        for rank, folder in enumerate(folders)
    }


def prune(
    store: ModelStore, needed: Mapping[str, str], newest: int, forget_engines: ForgetEngines
) -> list[str]:
    """Remove the bundles that `kept_for` gives no reason for, with their engines; their ids.

    The engines go first: an engine can be built again while the bundle is there.
    """
    sweep(store.incoming)
    removed = []
    for model, reason in kept_for(store, needed, newest).items():
        if reason:
            continue
        try:
            forget_engines(digest_of(model))
            remove_whole(store.folder_of(model), store.incoming)
        except OSError as exc:
            logger.warning("model %s cannot be removed: %s", model, exc.strerror or exc)
            continue
        logger.info("model %s: removed, it is not needed, nor of the newest %d", model, newest)
        removed.append(model)
    return removed


def digest_of(model: str) -> str:
    """How the digest of the bundle of that id begins."""
    return model.rpartition("-")[2]


def _age(folder: Path) -> tuple[int, str]:
    """When it was installed; of two alike the name decides."""
    try:
        return folder.stat().st_mtime_ns, folder.name
    except OSError:
        return 0, folder.name  # gone since
