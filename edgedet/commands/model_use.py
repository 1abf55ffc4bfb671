"""`edgedet models activate | rollback | status`: which model is used, now or from the next start.

Where a service runs, it is asked to change, and proves the model first; else it is written down.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import typer

from edgedet.clock import SystemClock, utc_text
from edgedet.config.load import load_settings
from edgedet.config.settings import Settings
from edgedet.errors import ModelError
from edgedet.manifest import Bundle, read_bundle, verify_bundle
from edgedet.models import ModelStore
from edgedet.models.classes import check_classes
from edgedet.models.store import CONFIGURED
from edgedet.rollout.claim import is_claimed, leave_wish
from edgedet.rollout.record import Record, RecordFile
from edgedet.rollout.report import rollout_document
from edgedet.rollout.wish import Asker, Wish, wish_back

IF_MEANT = "; if that is meant, --change-classes"
_NEXT_START = "no service runs here: it is used from its next start on"


@dataclass(frozen=True, slots=True)
class Place:
    """The store that a configuration means, and the bundle that it names."""

    settings: Settings
    store: ModelStore
    configured: Bundle

    @staticmethod
    def of(config: Path) -> "Place":
        """Raises ConfigError or ModelError where there is no such place."""
        settings = load_settings(config).settings
        return Place(settings, ModelStore(settings.state_dir), read_bundle(settings.model.bundle))

    @property
    def record(self) -> Record:
        """How far the service is with the latest change."""
        return RecordFile(self.store.folder).read()


def activate(config: Path, model: str, *, changes_classes: bool) -> int:
    """Use an installed bundle, or the configured one."""
    place = Place.of(config)
    chosen = CONFIGURED
    if model != CONFIGURED:
        found = place.store.find(model)
        verify_bundle(found.bundle)
        if not changes_classes:
            check_classes(found.bundle, place.store.in_use(place.configured), IF_MEANT)
        chosen = found.id
    use(place, config, chosen, changes_classes=changes_classes)
    return 0


def use(place: Place, config: Path, model: str, *, changes_classes: bool) -> None:
    """Have `model` used: by the service that runs, or from its next start on.

    Raises:
        ModelError: the service is about to change its model.
    """
    if is_claimed(place.store.folder):
        _check_idle(place.record)
        wish = Wish(asker=Asker.OPERATOR, model=model, changes_classes=changes_classes)
        leave_wish(place.store.folder, wish)
        typer.echo(f"the service proves {model}, and uses it then; {_how(config)}")
        return
    now = SystemClock().utc_now()
    active = place.store.activate(model, place.configured, now, "edgedet models activate")
    typer.echo(f"{active.model} is active since {utc_text(active.since)}; {_NEXT_START}")


def roll_back(config: Path) -> int:
    """Use the bundle before the present one, or end the change under way."""
    place = Place.of(config)
    if not is_claimed(place.store.folder):
        now = SystemClock().utc_now()
        active = place.store.roll_back(place.configured, now, "edgedet models rollback")
        typer.echo(f"back to {active.model}; {_NEXT_START}")
        return 0
    record, active_now = place.record, place.store.active()
    if not record.state.is_over:
        model = record.before
    elif active_now is not None and active_now.history:
        model = active_now.history[-1]
    else:
        msg = "there is no model before the present one; nothing was changed"
        raise ModelError(msg)
    leave_wish(place.store.folder, wish_back(model, Asker.OPERATOR))
    typer.echo(f"the service goes back to {model}; {_how(config)}")
    return 0


def status(config: Path, *, as_json: bool) -> int:
    """How far the service is with the latest change."""
    place = Place.of(config)
    runs = is_claimed(place.store.folder)
    told = rollout_document(place.record)
    if as_json:
        typer.echo(json.dumps({"service_runs": runs, "rollout": told}, indent=2))
        return 0
    typer.echo(f"in use: {told['serving']}" + ("" if runs else " (no service runs here)"))
    if told["since"] is not None:
        to = f" of {told['to']}" if told["to"] else ""
        typer.echo(f"latest change{to}: {told['state']} since {told['since']}")
    if told["reason"]:
        typer.echo(f"because {told['reason']}")
    for name, value in place.record.figures.items():
        typer.echo(f"  {name}: {value:.4g}")
    return 0


def _check_idle(record: Record) -> None:
    if not record.state.is_over:
        to = record.to or str(record.wish)
        msg = f"'{to}' is {record.state.value}; wait for its end, or `edgedet models rollback`"
        raise ModelError(msg)


def _how(config: Path) -> str:
    return f"how it goes: edgedet models status --config {config}"
