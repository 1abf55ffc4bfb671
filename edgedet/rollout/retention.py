"""Which installed models a device still needs, and the removal of those that it does not."""

from collections.abc import Callable
from dataclasses import dataclass, field

from edgedet.clock import Clock, Deadline
from edgedet.config.rollout import RolloutSettings
from edgedet.manifest import Bundle
from edgedet.models.retention import ForgetEngines, digest_of, prune
from edgedet.models.store import ModelStore
from edgedet.rollout.claim import find_wish
from edgedet.rollout.record import Record

_EVERY_S = 60.0
_FIRST_S = 600.0  # by then the broker has said which model is desired


def needed_models(store: ModelStore, configured: Bundle, record: Record) -> dict[str, str]:
    """What installed models are needed for, by id: they are never removed by themselves."""
    names = [folder.name for folder in store.folders()]
    needed: dict[str, str] = {}
    wish, desired = find_wish(store.folder), record.desired
    if wish is not None:
        needed |= dict.fromkeys(_meant(names, wish.model, wish.sha256), "asked for")
    if desired is not None:
        needed |= dict.fromkeys(_meant(names, desired.model, desired.sha256), "desired")
    active = store.active()
    if active is not None:
        back = next((each for each in reversed(active.history) if store.is_there(each)), "")
        needed |= {back: "way back", active.model: "in use"}
    if configured.folder.resolve().parent == store.bundles.resolve():
        needed[configured.folder.name] = "configured"
    if not record.state.is_over:
        needed |= {record.before: "way back", record.to: "under way"}
    needed[record.serving] = "in use"
    return {model: reason for model, reason in needed.items() if model in names}


@dataclass(slots=True)
class Retention:
    """Removes what is not needed, now and then. For one thread, while no model is changed."""

    store: ModelStore
    configured: Bundle
    settings: Callable[[], RolloutSettings]
    forget_engines: ForgetEngines
    clock: Clock
    _next: Deadline = field(init=False)

    def __post_init__(self) -> None:
        """Wait at first until it is known what is desired."""
        self._next = Deadline(_FIRST_S, self.clock)

    def look(self, record: Record) -> int:
        """Remove what can go, if it is time; how many went."""
        if not self._next.is_over():
            return 0
        self._next = Deadline(_EVERY_S, self.clock)
        return len(self.prune(record))

    def prune(self, record: Record) -> list[str]:
        """Remove what can go; the ids."""
        needed = needed_models(self.store, self.configured, record)
        return prune(self.store, needed, self.settings().keep_models, self._forget)

    def _forget(self, digest: str) -> None:
        if not self.configured.digest.startswith(digest):  # else it is the configured one's, too
            self.forget_engines(digest)


def _meant(names: list[str], model: str, sha256: str) -> list[str]:
    """The installed models that a wish means: by its id, how one begins, or the digest."""
    return [
        name
        for name in names
        if (model and name.startswith(model)) or (sha256 and sha256.startswith(digest_of(name)))
    ]
