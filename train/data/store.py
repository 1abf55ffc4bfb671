"""Where training takes its pictures from: decoded once and kept, as far as there is room."""

import logging
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing.context import get_spawning_popen
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from edgedet.errors import UsageError
from edgedet.vision import Letterbox
from train.data.backdrop import Backdrops, find_backdrops
from train.data.dataset import Sample
from train.data.digest import picture_digests
from train.data.disk_pictures import DiskPictures
from train.data.picture import Picture

logger = logging.getLogger(__name__)

CacheKind = Literal["ram", "disk", "none"]
CACHE_KINDS: tuple[CacheKind, ...] = ("ram", "disk", "none")
_THREADS = min(os.cpu_count() or 1, 8)
_BACKDROP_SAMPLES = 512  # pictures in which cameras that stand still are looked for
_AT_ONCE = 64  # pictures decoded before the limit is looked at again


@dataclass(frozen=True, slots=True)
class CachePlan:
    """Where decoded pictures are kept, and how many bytes of them; `folder` is for `disk` alone."""

    kind: CacheKind = "ram"
    limit_bytes: int = 4 << 30
    folder: Path | None = None

    @classmethod
    def of(cls, kind: CacheKind, folder: Path | None) -> "CachePlan":
        """The plan with the usual limit: 4 GiB of memory, 64 GiB of disk.

        Raises:
            UsageError: if pictures are to be kept on disk, and there is no folder for them.
        """
        if kind != "disk":
            return cls(kind)
        if folder is None:
            msg = "--cache disk: no folder for it can be written; use --cache ram or none"
            raise UsageError(msg)
        return cls(kind, 64 << 30, folder)


class PictureStore:
    """Pictures no larger than training needs (long side at most `max_side` pixels)."""

    def __init__(
        self, samples: list[Sample], max_side: int, cache: CachePlan | None = None
    ) -> None:
        """Read nothing yet; what `preload` did not keep is decoded each time."""
        self._samples = samples
        self._max_side = max_side
        self._cache = cache or CachePlan()
        self._pictures: dict[int, Picture] = {}
        self._disk: DiskPictures | None = None
        self._backdrops: Backdrops | None = None

    def __len__(self) -> int:
        """Number of pictures."""
        return len(self._samples)

    @property
    def samples(self) -> Sequence[Sample]:
        """The pictures' files and labels, by number."""
        return self._samples

    def __getstate__(self) -> dict[str, object]:
        """What a worker process gets that is no fork: all but the pictures in memory.

        With them, each worker would hold a copy of its own.
        """
        state = self.__dict__.copy()
        if self._pictures and get_spawning_popen() is not None:
            logger.warning(
                "a worker process does not share the %d pictures in memory and decodes them "
                "again; --cache disk is shared",
                len(self._pictures),
            )
        state["_pictures"] = {}
        return state

    def preload(self, limit_bytes: int | None = None) -> None:
        """Decode pictures now and keep them, up to the limit of the plan or `limit_bytes`.

        Raises:
            DataError: if a picture cannot be decoded.
        """
        limit = self._cache.limit_bytes if limit_bytes is None else limit_bytes
        if self._cache.kind == "ram":
            self._fill_memory(limit)
        elif self._cache.kind == "disk":
            self._fill_disk(limit)

    def get(self, index: int) -> Picture:
        """Picture `index` with its boxes in pixels; treat it as read-only."""
        kept = self._pictures.get(index)
        if kept is not None:
            return kept
        image = None if self._disk is None else self._disk.read(index)
        return self._load(index) if image is None else self._labelled(index, image)

    def backdrops(self) -> Backdrops:
        """What the cameras that stand still see without objects; looked for at the first call."""
        if self._backdrops is None:
            step = -(-len(self) // _BACKDROP_SAMPLES)
            chosen = range(0, len(self), max(step, 1))
            self._backdrops = find_backdrops(self.get(index).image_hwc for index in chosen)
        return self._backdrops

    def _fill_memory(self, limit_bytes: int) -> None:
        used_bytes = sum(p.image_hwc.nbytes for p in self._pictures.values())
        missing = [index for index in range(len(self)) if index not in self._pictures]
        for index, picture in self._decoded(missing):
            used_bytes += picture.image_hwc.nbytes
            if used_bytes > limit_bytes:
                break
            self._pictures[index] = picture
        self._tell(len(self._pictures), limit_bytes, "memory")

    def _fill_disk(self, limit_bytes: int) -> None:
        folder = self._cache.folder
        keys = picture_digests([sample.path for sample in self._samples], folder, "training")
        if folder is None:
            return
        self._disk = DiskPictures(folder, keys, self._max_side, limit_bytes)
        missing = self._disk.missing()
        for index, picture in self._decoded(missing):
            if not self._disk.write(index, picture.image_hwc):
                break
        self._tell(len(self) - len(self._disk.missing()), limit_bytes, str(folder))

    def _decoded(self, indices: list[int]) -> Iterator[tuple[int, Picture]]:
        """Pictures in this order, decoded by several threads: OpenCV lets go of Python's lock."""
        with ThreadPoolExecutor(_THREADS) as pool:
            for start in range(0, len(indices), _AT_ONCE):
                part = indices[start : start + _AT_ONCE]
                yield from zip(part, pool.map(self._load, part), strict=True)

    def _tell(self, kept: int, limit_bytes: int, where: str) -> None:
        if kept < len(self):
            logger.warning(
                "%d of %d pictures are kept in %s (limit %.1f GiB); the others are decoded each "
                "time they are shown",
                kept,
                len(self),
                where,
                limit_bytes / (1 << 30),
            )

    def _load(self, index: int) -> Picture:
        image = self._samples[index].load()
        box = Letterbox.fit((image.shape[0], image.shape[1]), (self._max_side, self._max_side))
        if box.content_hw[0] < image.shape[0]:
            resized = cv2.resize(image, (box.content_hw[1], box.content_hw[0]))
            image = np.asarray(resized, dtype=np.uint8)
        return self._labelled(index, image)

    def _labelled(self, index: int, image_hwc: NDArray[np.uint8]) -> Picture:
        return Picture.from_labels(image_hwc, self._samples[index].labels)
