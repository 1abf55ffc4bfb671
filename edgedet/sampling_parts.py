"""From settings to the parts of sampling: who chooses, who sends, and the lock on their store."""

import random
import sqlite3
from collections.abc import Callable
from pathlib import Path

from edgedet.clock import Clock
from edgedet.config.settings import Settings
from edgedet.errors import SampleError
from edgedet.manifest import Manifest
from edgedet.sample.audit import Audit
from edgedet.sample.budget import Budget
from edgedet.sample.diversity import Diversity
from edgedet.sample.keeper import Keeper
from edgedet.sample.sampler import Sampler, SamplerSettings
from edgedet.sample.selection import Selection
from edgedet.sample.sinks.create import create_sink
from edgedet.sample.store import SampleStore
from edgedet.sample.uploader import Uploader
from edgedet.stream.model import Thresholds

_CLAIM_FILE = "service.lock"


def make_sampler(
    settings: Settings,
    manifest: Manifest,
    thresholds: Callable[[], Thresholds],
    store: SampleStore,
    clock: Clock,
) -> Sampler:
    """Who chooses frames, and gives them to `store`.

    Raises:
        ConfigError: if the settings do not fit the model.
    """
    sampling = settings.sampling
    own = {source.id: source.objects.score_threshold for source in settings.sources}

    def score_threshold(source_id: str) -> float:
        of_source = own.get(source_id)
        return thresholds().score if of_source is None else of_source

    budget = Budget(store.ledger, sampling.limits, clock)
    chance = random.Random()  # noqa: S311 - who is kept is no secret
    return Sampler(
        SamplerSettings(
            score_threshold,
            lambda: thresholds().iou,
            sampling.max_fps,
            frozenset(source.id for source in settings.sources if source.is_lossless),
        ),
        Selection(sampling, manifest.class_names, budget, chance),
        Keeper(sampling, manifest.class_names, store, budget, clock),
        Diversity(sampling.diversity, store.ledger),
        clock,
    )


def make_uploader(
    settings: Settings, manifest: Manifest, outgoing: Path, store: SampleStore, clock: Clock
) -> Uploader:
    """Who sends what is in `store`; to the folder `outgoing`, unless told otherwise.

    Raises:
        ConfigError: if the sink needs what is not installed.
    """
    sampling = settings.sampling
    prelabels = sampling.sink != "folder"  # there they lie beside the picture at once
    if sampling.sink == "roboflow" and sampling.roboflow is not None:
        prelabels = sampling.roboflow.prelabels
    return Uploader(
        store,
        Audit(store.ledger, clock),
        create_sink(sampling, outgoing, clock),
        class_names=tuple(manifest.class_names),
        device=settings.device.name,
        sends_prelabels=prelabels,
        clock=clock,
    )


def claim(folder: Path) -> sqlite3.Connection:
    """A lock on the store that ends with this process, however it ends.

    Raises:
        SampleError: if another process has it.
    """
    connection = sqlite3.connect(
        folder / _CLAIM_FILE, timeout=0.0, isolation_level=None, check_same_thread=False
    )
    try:
        connection.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError as exc:
        connection.close()
        msg = f"another edgedet keeps its samples in {folder}: give this one a state_dir of its own"
        raise SampleError(msg) from exc
    return connection
