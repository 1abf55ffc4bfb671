"""The store of a configuration, opened for a command, and what a person calls its samples."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from edgedet.config.load import load_settings
from edgedet.config.settings import Settings
from edgedet.errors import UsageError
from edgedet.sample.base import Sample
from edgedet.sample.store import SampleStore
from edgedet.sampling import open_store


@dataclass(frozen=True, slots=True)
class Access:
    """A store and the settings it belongs to."""

    settings: Settings
    store: SampleStore

    def find(self, name: str) -> Sample:
        """The one sample whose id is `name`, or begins or ends so.

        Raises:
            UsageError: if there is none, or more than one.
        """
        exact = self.store.ledger.get(name)
        if exact is not None:
            return exact
        samples = self.store.ledger.samples()
        found = [s for s in samples if s.id.startswith(name) or s.id.endswith(name)]
        if len(found) != 1:
            count = f"{len(found)} samples are" if found else "no sample is"
            msg = f"{count} called '{name}'; `edgedet learn ls` lists them"
            raise UsageError(msg)
        return found[0]


@contextmanager
def opened(config: Path) -> Iterator[Access]:
    """The store of the configuration at `config`.

    Raises:
        ConfigError: if the configuration cannot be used.
        SampleError: if nothing was sampled yet, or the store cannot be read.
    """
    settings = load_settings(config).settings
    store = open_store(settings, may_create=False)
    try:
        yield Access(settings, store)
    finally:
        store.ledger.close()
