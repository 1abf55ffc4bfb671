"""From settings to the parts of sampling: who chooses, who sends, and the lock on their store."""

import random
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from edgedet.clock import Clock
from edgedet.config.settings import Settings
from edgedet.config.source import SourceSettings
from edgedet.errors import SampleError
from edgedet.lock import FileLock
from edgedet.manifest import Manifest
from edgedet.sample.audit import Audit
from edgedet.sample.base import SamplerSettings
from edgedet.sample.budget import Budget
from edgedet.sample.diversity import Diversity
from edgedet.sample.keeper import Keeper, check_blur
from edgedet.sample.sampler import Sampler
from edgedet.sample.selection import Selection
from edgedet.sample.sinks.create import create_sink
from edgedet.sample.store import SampleStore
from edgedet.sample.strategy import Strategy
from edgedet.sample.uploader import Uploader
from edgedet.stream.model import Thresholds

_CLAIM_FILE = "service.lock"


class Sources:
    """What sampling has to know of the sources' settings; replaced as they change."""

    def __init__(self, sources: Sequence[SourceSettings]) -> None:
        """Begin with these."""
        self._by_id: Mapping[str, SourceSettings] = {}
        self.put(sources)

    def put(self, sources: Sequence[SourceSettings]) -> None:
        """Know these from now on; from any thread."""
        self._by_id = {source.id: source for source in sources}

    def score_threshold(self, source_id: str) -> float | None:
        """A source's own; None: it goes by the model's."""
        source = self._by_id.get(source_id)
        return None if source is None else source.objects.score_threshold

    def is_lossless(self, source_id: str) -> bool:
        """Whether every frame of a source counts."""
        source = self._by_id.get(source_id)
        return source is not None and source.is_lossless


def make_sampler(  # noqa: PLR0913 - its owner hands over every part
    settings: Settings,
    sources: Sources,
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

    def score_threshold(source_id: str) -> float:
        of_source = sources.score_threshold(source_id)
        return thresholds().score if of_source is None else of_source

    budget = Budget(store.ledger, sampling.limits, clock)
    chance = random.Random()  # noqa: S311 - who is kept is no secret
    return Sampler(
        SamplerSettings(
            score_threshold,
            lambda: thresholds().iou,
            sampling.max_fps,
            sources.is_lossless,
        ),
        Selection(sampling, manifest.class_names, budget, chance),
        Keeper(sampling, manifest.class_names, store, budget, clock),
        Diversity(sampling.diversity, store.ledger),
        clock,
    )


def check_sampling(settings: Settings, class_names: Sequence[str]) -> None:
    """Look whether frames can be sampled of a model with these classes.

    Raises:
        ConfigError: if the settings do not fit the model.
    """
    sampling = settings.sampling
    if sampling.enabled:
        check_blur(sampling, class_names)
        for each in sampling.strategies:
            Strategy(each, class_names)


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


def claim(folder: Path) -> FileLock:
    """A lock on the store that ends with this process, however it ends.

    Raises:
        SampleError: if another process has it, or it cannot be made.
    """
    try:
        return FileLock(folder / _CLAIM_FILE)
    except BlockingIOError as exc:
        msg = f"another edgedet keeps its samples in {folder}: give this one a state_dir of its own"
        raise SampleError(msg) from exc
    except OSError as exc:
        path = folder / _CLAIM_FILE
        msg = f"cannot open the lock {path} ({exc.strerror or exc}): remove it if it is no file"
        raise SampleError(msg) from exc
