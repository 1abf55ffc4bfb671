"""From a wish to a bundle that is installed: fetched where that is allowed, and verified."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from edgedet.config.rollout import RolloutSettings
from edgedet.errors import ConfigError, ModelError
from edgedet.log import redact
from edgedet.manifest import Bundle, read_bundle, verify_bundle
from edgedet.models.classes import check_classes
from edgedet.models.fetch import Progress, fetch, forget
from edgedet.models.signature import check_signature
from edgedet.models.store import CONFIGURED, Installed, ModelStore
from edgedet.rollout.places import is_within
from edgedet.rollout.wish import Wish


@dataclass(frozen=True, slots=True)
class Intake:
    """Takes bundles into the store of a device, by the settings that hold at that moment.

    `public_key_file`: whose signature they need.
    """

    store: ModelStore
    configured: Bundle
    settings: Callable[[], RolloutSettings]
    public_key_file: Path | None

    def check(self, wish: Wish) -> None:
        """Refuse what nobody may ask for, before anything is fetched.

        Raises:
            ModelError: it may not come from there, or cannot be as sure as it has to be.
        """
        if wish.model:
            self.store.bundle_of(wish.model, self.configured)
            return
        if not wish.asker.is_remote:
            return
        settings = self.settings()
        if not is_within(wish.url, settings.allow_from):
            places = ", ".join(settings.allow_from) or "nowhere"
            msg = (
                f"no bundle is fetched from '{redact(wish.url)}' for somebody on the network;"
                f" rollout.allow_from names {places}"
            )
            raise ModelError(msg)
        if settings.require_signature and self.public_key_file is None:
            msg = (
                "a bundle that is asked for over the network must be signed, and there is no key:"
                " set model.public_key_file, or rollout.require_signature to false"
            )
            raise ModelError(msg)

    def fetched(self, wish: Wish, progress: Progress) -> Path:
        """The folder in which the bundle lies now.

        Raises:
            ModelError: it cannot be had.
        """
        if wish.model:
            return self.store.bundle_of(wish.model, self.configured).folder
        if not wish.asker.is_remote:
            return fetch(wish.url, self.store.incoming, progress)
        allows = partial(is_within, places=self.settings().allow_from)
        return fetch(wish.url, self.store.incoming, progress, allows)

    def verified(self, wish: Wish, folder: Path, used: Bundle) -> Installed:
        """The bundle in `folder`, installed: it is the one that is meant, whole, and fits `used`.

        Raises:
            ModelError: it is not; nothing was installed.
        """
        try:
            found = read_bundle(folder)
            if wish.sha256 and found.digest != wish.sha256:
                msg = (
                    f"the manifest of '{found.manifest.name}' {found.manifest.version} has sha256"
                    f" {found.digest[:12]}…, expected {wish.sha256[:12]}…; it is another bundle"
                )
                raise ModelError(msg)
            if self.public_key_file is not None and wish.model != CONFIGURED:
                self._check_signature(folder, self.public_key_file)
            verify_bundle(found)
            if not wish.changes_classes:
                check_classes(found, used)
            if wish.model == CONFIGURED:
                return Installed(CONFIGURED, found)
            return Installed(folder.name, found) if wish.model else self.store.add(folder)
        finally:
            if wish.url:
                forget(wish.url, self.store.incoming)

    def _check_signature(self, folder: Path, key: Path) -> None:
        try:
            check_signature(folder, key)
        except ConfigError as exc:  # while everything runs, it is a bundle that cannot be used
            raise ModelError(str(exc)) from exc
