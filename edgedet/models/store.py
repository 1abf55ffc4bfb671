"""The bundles of this device, in `state_dir/models`, and which of them is in use.

    bundles/NAME-VERSION-DIGEST/   verified copies; a folder is there as a whole or not at all
    incoming/                      downloads that may go on, copies not yet whole, what is removed
    active.json                    which one is in use, and which were before

A power cut at any moment leaves a bundle that was whole before it: copies are renamed into place
after they were verified and written out, and `active.json` is replaced in one step.
"""

import logging
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from edgedet.errors import ModelError
from edgedet.manifest import Bundle, read_bundle, verify_bundle
from edgedet.models.active import ACTIVE_FILE, ActiveModel, read_active, write_active
from edgedet.models.classes import check_names
from edgedet.models.folders import put_whole, remove_whole

logger = logging.getLogger(__name__)

FOLDER = "models"
CONFIGURED = "configured"
"""The name of the bundle that the configuration names, among those that were installed."""

_MAX_HISTORY = 20


@dataclass(frozen=True, slots=True)
class Installed:
    """A bundle of the store."""

    id: str
    bundle: Bundle


class ModelStore:
    """Installs, lists and chooses bundles below one state directory. For one process at a time."""

    def __init__(self, state_dir: Path) -> None:
        """Nothing is made before something is installed."""
        self.folder = state_dir / FOLDER

    @property
    def incoming(self) -> Path:
        """Where downloads are kept until they are whole."""
        return self.folder / "incoming"

    @property
    def bundles(self) -> Path:
        """Where the folders of installed bundles are."""
        return self.folder / "bundles"

    def folders(self) -> list[Path]:
        """The folder of each installed bundle, readable or not."""
        return sorted(self.bundles.glob("*"))

    def folder_of(self, model: str) -> Path:
        """The folder of that id, there or not."""
        return self.bundles / model

    def is_there(self, model: str) -> bool:
        """Whether that is the configured bundle, or the id of an installed one."""
        return model == CONFIGURED or self.folder_of(model).is_dir()

    def installed(self) -> list[Installed]:
        """All bundles, by id; what cannot be read is logged and left out."""
        found = []
        for folder in self.folders():
            try:
                found.append(Installed(folder.name, read_bundle(folder)))
            except ModelError as exc:  # noqa: PERF203 - one bad bundle must not hide the others
                logger.warning("installed model left out: %s", exc)
        return found

    def find(self, model: str) -> Installed:
        """The bundle of that id, or the only one whose id begins so.

        Raises:
            ModelError: if there is none, or more than one.
        """
        every = self.installed()
        found = [each for each in every if each.id == model] or [
            each for each in every if each.id.startswith(model)
        ]
        if len(found) != 1:
            known = ", ".join(each.id for each in every) or "none"
            count = "no" if not found else "more than one"
            msg = f"there is {count} installed model '{model}'; installed: {known}"
            raise ModelError(msg)
        return found[0]

    def add(self, source: Path) -> Installed:
        """A verified copy of the bundle in `source`; the one that is there if it was added before.

        Raises:
            ModelError: if a file is missing or differs from the manifest, two classes have the same
                name, or there is no room.
        """
        bundle = read_bundle(source)
        check_names(bundle)
        verify_bundle(bundle)
        target = self.folder_of(_id_of(bundle))
        if target.is_dir():
            installed = read_bundle(target)
            verify_bundle(installed)
            target.touch()  # it was wanted again: of the newest
            return Installed(target.name, installed)
        try:
            put_whole(bundle, target, self.incoming)
        except OSError as exc:
            msg = f"cannot install into {self.folder} ({exc.strerror or exc}); make room there"
            raise ModelError(msg) from exc
        return Installed(target.name, read_bundle(target))

    def remove(self, model: str) -> Installed:
        """Delete an installed bundle, unless it is in use.

        Raises:
            ModelError: if there is no such bundle, or it is in use.
        """
        found = self.find(model)
        active = self.active()
        if active is not None and active.model == found.id:
            msg = f"'{found.id}' is in use; activate another one first, or roll back"
            raise ModelError(msg)
        remove_whole(found.bundle.folder, self.incoming)
        return found

    def active(self) -> ActiveModel | None:
        """Which bundle was chosen; None if none ever was, or the file cannot be read."""
        return read_active(self.folder / ACTIVE_FILE)

    def activate(self, model: str, configured: Bundle, now: datetime, reason: str) -> ActiveModel:
        """Choose a bundle by id, or CONFIGURED, from the next start on.

        Raises:
            ModelError: if there is no such bundle, or it cannot be written down.
        """
        chosen = CONFIGURED if model == CONFIGURED else self.find(model).id
        before = self._valid_active(configured)
        history = [] if before is None else [*before.history, before.model]
        if before is not None and before.model == chosen:
            return before
        history = (history or [CONFIGURED])[-_MAX_HISTORY:]
        return self._choose(chosen, configured, now, reason, history)

    def roll_back(self, configured: Bundle, now: datetime, reason: str) -> ActiveModel:
        """Choose the bundle before the present one.

        Raises:
            ModelError: if there is none, or it cannot be written down.
        """
        before = self._valid_active(configured)
        if before is None or not before.history:
            msg = "there is no model before the present one; nothing was changed"
            raise ModelError(msg)
        earlier = list(before.history)
        while earlier:
            model = earlier.pop()
            if self.is_there(model):
                return self._choose(model, configured, now, reason, earlier)
        msg = "the models before the present one are no longer installed; nothing was changed"
        raise ModelError(msg)

    def put_back(self, model: str, configured: Bundle, now: datetime, reason: str) -> ActiveModel:
        """Choose `model`, one before the present one, with what was before it; or any, if not so.

        Raises:
            ModelError: if it cannot be written down.
        """
        before = self._valid_active(configured)
        earlier = [] if before is None else list(before.history)
        if before is not None and before.model == model:
            return before
        history = earlier[: earlier.index(model)] if model in earlier else []
        return self._choose(model, configured, now, reason, history)

    def model_in_use(self, configured: Bundle) -> str:
        """The id of the chosen bundle, whole or not; CONFIGURED if none was chosen."""
        active = self._valid_active(configured)
        return CONFIGURED if active is None else active.model

    def bundle_of(self, model: str, configured: Bundle) -> Bundle:
        """The bundle of that id, or the configured one by its name.

        Raises:
            ModelError: if there is none.
        """
        return configured if model == CONFIGURED else self.find(model).bundle

    def in_use(self, configured: Bundle) -> Bundle:
        """The bundle to run: the chosen one where it is whole, else the configured one."""
        return self.whole(self.model_in_use(configured), configured)

    def whole(self, model: str, configured: Bundle) -> Bundle:
        """The bundle of that id where it is whole, else the configured one."""
        try:
            bundle = self.bundle_of(model, configured)
            if bundle is not configured:
                verify_bundle(bundle)
        except ModelError as exc:
            logger.error(  # noqa: TRY400 - the reason is told, a stack is of no use
                "the active model cannot be used: %s; the configured one is", exc
            )
            return configured
        return bundle

    def _valid_active(self, configured: Bundle) -> ActiveModel | None:
        """What was chosen, unless the configuration names another bundle since."""
        active = self.active()
        if active is not None and active.configured_sha256 != configured.digest:
            logger.warning(
                "model.bundle is another one since '%s' was activated: the configuration wins",
                active.model,
            )
            return None
        return active

    def _choose(
        self, model: str, configured: Bundle, now: datetime, reason: str, history: list[str]
    ) -> ActiveModel:
        active = ActiveModel(
            model=model,
            since=now,
            reason=reason,
            configured_sha256=configured.digest,
            history=history,
        )
        write_active(self.folder / ACTIVE_FILE, active)
        return active


def _id_of(bundle: Bundle) -> str:
    version = re.sub(r"[^a-z0-9.]+", "-", bundle.manifest.version.lower()).strip("-.") or "0"
    return f"{bundle.manifest.name}-{version[:32]}-{bundle.digest[:12]}"
