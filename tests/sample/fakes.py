"""What the tests of sampling share: a clock that steps, frames, proposals, samples."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgedet.config.sampling import SamplingSettings
from edgedet.detections import Detections, FrameDetections, SeenFrame
from edgedet.frame import CaptureSource, CaptureTime, Frame, FrameInfo, PixelFormat
from edgedet.sample.base import Sample, SampleObject, State
from edgedet.sample.ledger import Ledger
from edgedet.sample.store import SampleFiles, SampleStore, Space
from edgedet.sample.view import Proposals

START = datetime(2026, 5, 4, 9, 0, tzinfo=timezone.utc)
MIB = 1 << 20
CLASSES = ("person", "car", "bicycle")


class SteppingClock:
    """Stands still until it is moved; its wall clock can step by itself."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.offset = timedelta()

    def monotonic(self) -> float:
        return self.now_s

    def utc_now(self) -> datetime:
        return START + timedelta(seconds=self.now_s - 100.0) + self.offset

    def advance(self, seconds: float) -> None:
        self.now_s += seconds

    def step(self, **by: float) -> None:
        self.offset += timedelta(**by)


def proposals(*rows: Sequence[float]) -> Proposals:
    """Rows of x1, y1, x2, y2, score, class, runner-up (0 if it is left out)."""
    table = np.array([[*row, *([0.0] * (7 - len(row)))] for row in rows], dtype=np.float32)
    table = table.reshape(-1, 7)
    return Proposals(table[:, :4], table[:, 4], table[:, 5].astype(np.int32), table[:, 6])


def frame(
    source_id: str = "gate",
    seq: int = 0,
    image: NDArray[np.uint8] | None = None,
    *,
    at_s: float = 0.0,
) -> Frame:
    """A frame of RGB: noise of its own for each number, unless given."""
    if image is None:
        rng = np.random.default_rng(seq)
        coarse = rng.integers(0, 256, (6, 8, 3), dtype=np.uint8)
        image = np.asarray(coarse.repeat(12, axis=0).repeat(12, axis=1))
    assert image is not None
    moment = START + timedelta(seconds=at_s)
    info = FrameInfo(
        source_id=source_id,
        seq=seq,
        width=image.shape[1],
        height=image.shape[0],
        pts_ns=None,
        capture=CaptureTime(moment, CaptureSource.ARRIVAL),
        arrival_s=at_s,
    )
    return Frame(info, PixelFormat.RGB, (image,))


def seen(taken: Frame, *rows: Sequence[float]) -> SeenFrame:
    """A frame with candidates: rows as those of `proposals`, boxes in pixels."""
    table = proposals(*rows)
    columns = (table.scores[:, None], table.class_ids[:, None], table.runners_up[:, None])
    candidates = np.hstack([table.boxes_xyxy, *columns]).astype(np.float32)
    nothing = Detections(
        np.empty((0, 4), np.float32), np.empty(0, np.float32), np.empty(0, np.int32)
    )
    return SeenFrame(taken, FrameDetections(taken.info, nothing), candidates)


def sample(number: int = 0, **changes: object) -> Sample:
    """A sample with everything of its own."""
    values = Sample(
        id=f"gate-{number:04d}",
        sha256=hashlib.sha256(str(number).encode()).hexdigest(),
        source_id="gate",
        seq=number,
        captured="2026-05-04T09:00:00.000Z",
        kept="2026-05-04T09:00:01.000Z",
        strategy="unsure",
        why="1 close to 0.35",
        tags=("night", "unsure"),
        width=96,
        height=72,
        size_bytes=1000,
        objects=(SampleObject(0, "person", 0.4, (0.25, 0.25, 0.5, 0.75)),),
        look="0f" * 32,
        state=State.APPROVED,
    )
    return replace(values, **changes)  # type: ignore[arg-type]


def store_in(
    folder: Path, *, quota_mib: int = 64, reserve_mib: int = 0, free_mib: int = 10_000
) -> SampleStore:
    """A store with a disk of its own size. Close its ledger."""
    folder.mkdir(parents=True, exist_ok=True)
    space = Space.of_mib(quota_mib, reserve_mib)
    return SampleStore(folder, Ledger(folder), space, lambda _path: free_mib * MIB)


def nothing() -> None:
    """What a sample costs where no budget is looked at."""


def keep(store: SampleStore, number: int = 0, size: int = 1000, **changes: object) -> Sample:
    """Keep a sample of so many bytes."""
    content = number.to_bytes(4, "big") * (size // 4)
    digest = hashlib.sha256(content).hexdigest()
    made = sample(number, size_bytes=size, sha256=digest, **changes)
    return store.keep(made, SampleFiles(content, '{"schema": "edgedet.sample/1"}'), nothing)


def sampling(**settings: object) -> SamplingSettings:
    """Settings that are enabled."""
    return SamplingSettings.model_validate({"enabled": True, **settings})
