"""Active learning of a configuration: sampler, store and uploader, put together and run.

Trouble with it is told and counted, and never keeps the cameras from being watched.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgedet.clock import Clock, Deadline
from edgedet.config.settings import Settings
from edgedet.config.source import SourceSettings
from edgedet.detections import SeenFrame
from edgedet.errors import SampleError
from edgedet.manifest import Manifest
from edgedet.sample.base import State
from edgedet.sample.decisions import Decisions
from edgedet.sample.ledger import Ledger
from edgedet.sample.salvage import DAMAGED, open_ledger
from edgedet.sample.store import DROPPED, SampleStore, Space
from edgedet.sampling_parts import Sources, claim, make_sampler, make_uploader
from edgedet.stream.model import Model, Thresholds
from edgedet.stream.tap import FrameTap
from edgedet.stream.worker import Worker

logger = logging.getLogger(__name__)

SAMPLES = "samples"
FOLDER = "labelling"
"""Where `sink: folder` puts pictures, unless told otherwise."""
_STOP_S = 3.0  # what is not sent by then is sent after the next start


@dataclass(frozen=True, slots=True)
class SamplingStatus:
    """How it goes, for metrics and the page."""

    frames: dict[str, int]
    """Since the start: looked_at, kept, similar, no_credit, failed, missed."""
    samples: dict[str, int]
    """By state."""
    counters: dict[str, int]
    """Since ever: kept, refused, dropped."""
    trouble: str
    """Why nothing goes out now; empty: all is well."""


def open_store(settings: Settings, *, may_create: bool = True) -> SampleStore:
    """The store of a configuration; close its ledger.

    Raises:
        SampleError: if it cannot be used, or is not there and may not be created.
    """
    folder = _made_folder(settings) if may_create else settings.state_dir / SAMPLES
    return SampleStore(folder, Ledger(folder, may_create=may_create), _space(settings))


def _made_folder(settings: Settings) -> Path:
    folder = settings.state_dir / SAMPLES
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        msg = f"cannot make the folder for samples {folder}: {exc.strerror or exc}"
        raise SampleError(msg) from exc
    return folder


def _space(settings: Settings) -> Space:
    return Space.of_mib(settings.sampling.quota_mib, settings.sampling.reserve_mib)


class Sampling:
    """What `sampling` of a configuration asks for. One thread owns it; `request` is for any."""

    def __init__(
        self,
        settings: Settings,
        manifest: Manifest,
        thresholds: Callable[[], Thresholds],
        clock: Clock,
    ) -> None:
        """Open the store, and make it agree with its ledger again.

        Raises:
            ConfigError: if the settings do not fit the model, or need what is not installed.
            SampleError: if the store cannot be used, or another service uses it.
        """
        self.settings, self._clock = settings.sampling, clock
        self.sources = Sources(settings.sources)
        folder = _made_folder(settings)
        with ExitStack() as opened:
            self._claim = claim(folder)
            opened.callback(self._claim.release)
            # a damaged one is moved away, which nobody else may do meanwhile
            ledger = open_ledger(folder, clock.utc_now().timestamp())
            opened.callback(ledger.close)
            self._store = SampleStore(folder, ledger, _space(settings))
            found = self._store.reconcile()
            if not found.is_clean:
                logger.info("samples reconciled: %s", asdict(found))
            self._sampler = make_sampler(
                settings, self.sources, manifest, thresholds, self._store, clock
            )
            outgoing = folder / FOLDER
            self._uploader = make_uploader(settings, manifest, outgoing, self._store, clock)
            opened.pop_all()
        self.decisions = Decisions(self._store, clock)
        self._deadline = Deadline(0.0, clock)
        self._sampling = Worker("sampler", self._sampler.run)
        self._uploading = Worker("uploader", self._upload)

    def listen(self, tap: FrameTap) -> None:
        """Be asked about every frame from now on."""
        tap.add(self._sampler)

    def set_sources(self, sources: Sequence[SourceSettings]) -> None:
        """Go by these settings of sources from now on; from any thread."""
        self.sources.put(sources)

    @property
    def store(self) -> SampleStore:
        """What was kept; for any thread."""
        return self._store

    @property
    def trouble(self) -> str:
        """Why nothing goes out now; empty: all is well."""
        return self._uploader.trouble

    def request(self, source_id: str) -> "Future[str]":
        """Keep the next frame of a source, as somebody asked for it; see `Sampler.request`."""
        return self._sampler.request(source_id)

    def hear(self, seen: SeenFrame, candidates: NDArray[np.float32]) -> None:
        """Learn what a second model saw in a frame; see `Sampler.hear`."""
        self._sampler.hear(seen, candidates)

    def use_model(self, model: Model) -> None:
        """Sample what `model` answers from now on.

        What waits is sent with its names of the classes: those of a model before are among them.
        """
        names = model.identity.class_names
        known = self._uploader.class_names
        if known[: len(names)] != names:
            self._sampler.know(names)
            self._uploader.class_names = names

    def status(self) -> SamplingStatus:
        """How it goes.

        Raises:
            SampleError: if the ledger cannot be read.
        """
        ledger = self._store.ledger
        return SamplingStatus(
            asdict(self._sampler.counts),
            ledger.by_state(),
            ledger.counters(),
            self._uploader.trouble,
        )

    def figures(self) -> dict[str, int | float | str]:
        """The same in a few numbers, cheap enough to be asked for each second."""
        found: dict[str, int | float | str] = dict(asdict(self._sampler.counts))
        try:
            states = self._store.ledger.by_state()
            counters = self._store.ledger.counters()
            found |= {name: counters.get(name, 0) for name in (DROPPED, DAMAGED)}
        except SampleError as exc:
            return found | {"trouble": str(exc)}
        found["to_approve"] = states[State.KEPT.value]
        found["to_send"] = sum(states[each.value] for each in (State.APPROVED, State.UPLOADED))
        return found | {"trouble": self._uploader.trouble}

    def start(self) -> None:
        """Start the threads."""
        self._uploading.start()
        self._sampling.start()

    def stop(self, timeout_s: float) -> bool:
        """Keep what still waits, send what a sink takes at once, and end; whether it ended."""
        deadline = Deadline(min(timeout_s, _STOP_S), self._clock)
        self._deadline = Deadline(deadline.remaining_s() / 2, self._clock)
        has_ended = self._sampling.stop(deadline.remaining_s())
        self._uploading.request_stop()
        if not self._uploading.join(self._deadline.remaining_s()):
            self._uploader.close()  # ends a request that hangs
        has_ended &= self._uploading.stop(deadline.remaining_s())
        self._uploader.close()
        if has_ended:
            self._tell()
            self._store.ledger.close()
            self._claim.release()
        return has_ended

    def _upload(self, stop: threading.Event) -> None:
        self._uploader.run(stop, between=self._sweep)
        self._sweep(everything=True)
        self._uploader.finish(self._deadline.is_over)

    def _sweep(self, *, everything: bool = False) -> None:
        try:
            self.decisions.sweep(everything=everything)
        except SampleError as exc:
            logger.warning("rejected pictures are still on the disk: %s", exc)

    def _tell(self) -> None:
        try:
            counts, states = self._sampler.counts, self._store.ledger.by_state()
        except SampleError as exc:
            logger.warning("sampling: %s", exc)
            return
        waiting = sum(states[each.value] for each in (State.APPROVED, State.UPLOADED))
        logger.info(
            "sampling: %d frames looked at, %d kept, %d alike, %d without credit, %d missed,"
            " %d failed; %d wait to be approved, %d to be sent",
            *(counts.looked_at, counts.kept, counts.similar, counts.no_credit, counts.missed),
            *(counts.failed, states[State.KEPT.value], waiting),
        )
