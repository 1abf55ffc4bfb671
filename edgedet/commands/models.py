"""`edgedet models`: the bundles of this device, from installation to use and back."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import typer
from rich.console import Console
from rich.progress import DownloadColumn, Progress, TaskID, TextColumn
from rich.table import Table

from edgedet.clock import SystemClock, utc_text
from edgedet.config.load import load_settings
from edgedet.config.settings import Settings
from edgedet.detect import create_detector, store_in
from edgedet.detect.golden import golden_deviation
from edgedet.errors import ModelError, first_line
from edgedet.manifest import Bundle, read_bundle, read_golden, verify_bundle
from edgedet.models import ModelStore, check_signature, fetch
from edgedet.models.fetch import Progress as Told
from edgedet.models.store import CONFIGURED

_RESTART = "it is used from the next start of the service: `systemctl restart edgedet`"


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


def install(config: Path, source: str, *, activates: bool, changes_classes: bool) -> int:
    """Fetch, verify, prove on this device's backend, keep; and use, if asked."""
    place = Place.of(config)
    with _progress() as told:
        folder = fetch(source, place.store.incoming, told)
    key = place.settings.model.public_key_file
    if key is not None:
        check_signature(folder, key)
    candidate = read_bundle(folder)
    verify_bundle(candidate)
    _check_classes(candidate, place.store.in_use(place.configured), changes_classes=changes_classes)
    _prove(candidate, place.settings)
    installed = place.store.add(folder)
    typer.echo(f"installed {installed.id}")
    if activates:  # verified, and its classes compared, above
        _use(place, installed.id)
        return 0
    typer.echo(f"to use it: edgedet models activate {installed.id} --config {config}")
    return 0


def show(config: Path, *, as_json: bool) -> int:
    """List what is installed, and what is in use."""
    place = Place.of(config)
    used = place.store.in_use(place.configured)
    rows = [(CONFIGURED, place.configured)]
    rows += [(each.id, each.bundle) for each in place.store.installed()]
    models = [
        {
            "id": name,
            "model": bundle.manifest.name,
            "version": bundle.manifest.version,
            "precision": bundle.manifest.precision,
            "sha256": bundle.digest,
            "folder": str(bundle.folder),
            "in_use": bundle.folder == used.folder,
        }
        for name, bundle in rows
    ]
    if as_json:
        typer.echo(json.dumps({"models": models}, indent=2))
        return 0
    table = Table(title=f"models of {place.settings.state_dir}", title_justify="left")
    for title in ("id", "model", "version", "precision", "in use"):
        table.add_column(title)
    for each in models:
        cells = (str(each[key]) for key in ("id", "model", "version", "precision"))
        table.add_row(*cells, "yes" if each["in_use"] else "")
    Console(soft_wrap=True).print(table)
    return 0


def verify(config: Path, model: str | None) -> int:
    """Compare files with manifests, signatures with the key, answers with the golden ones."""
    place = Place.of(config)
    every = place.store.installed() if model is None else [place.store.find(model)]
    code = 0
    for each in every:
        problem = _problem(each.bundle, place.settings)
        typer.echo(f"{each.id}: {problem or 'whole, and answers rightly'}", err=bool(problem))
        code = 1 if problem else code
    if not every:
        typer.echo("no model is installed")
    return code


def activate(config: Path, model: str, *, changes_classes: bool) -> int:
    """Use an installed bundle, or the configured one, from the next start on."""
    place = Place.of(config)
    if model != CONFIGURED:
        chosen = place.store.find(model).bundle
        verify_bundle(chosen)
        used = place.store.in_use(place.configured)
        _check_classes(chosen, used, changes_classes=changes_classes)
    _use(place, model)
    return 0


def roll_back(config: Path) -> int:
    """Use the bundle before the present one."""
    place = Place.of(config)
    now = SystemClock().utc_now()
    active = place.store.roll_back(place.configured, now, "edgedet models rollback")
    typer.echo(f"back to {active.model}; {_RESTART}")
    return 0


def remove(config: Path, model: str) -> int:
    """Delete an installed bundle."""
    typer.echo(f"removed {Place.of(config).store.remove(model).id}")
    return 0


def _use(place: Place, model: str) -> None:
    now = SystemClock().utc_now()
    active = place.store.activate(model, place.configured, now, "edgedet models activate")
    typer.echo(f"{active.model} is active since {utc_text(active.since)}; {_RESTART}")


def _problem(bundle: Bundle, settings: Settings) -> str:
    """What is wrong with an installed bundle; empty if nothing is."""
    key = settings.model.public_key_file
    try:
        verify_bundle(bundle)
        if key is not None:
            check_signature(bundle.folder, key)
        _prove(bundle, settings)
    except ModelError as exc:
        return str(exc)
    return ""


def _check_classes(bundle: Bundle, used: Bundle, *, changes_classes: bool) -> None:
    """Refuse other classes, or the same in another order: every zone and filter knows them by it.

    Raises:
        ModelError: if those of `used` are not the first of `bundle`'s.
    """
    now, then = used.manifest.class_names, bundle.manifest.class_names
    if changes_classes or then[: len(now)] == now:
        return
    msg = (
        f"the classes of '{bundle.manifest.name}' {bundle.manifest.version} are "
        f"{', '.join(then[:5])}, those in use are {', '.join(now[:5])}; if that is meant, "
        "--change-classes"
    )
    raise ModelError(msg)


def _prove(bundle: Bundle, settings: Settings) -> None:
    """Run the golden pictures on the backend that will run the model.

    Raises:
        ModelError: if it does not load, or answers differently.
    """
    asked = settings.model.model_copy(update={"bundle": bundle.folder})
    golden = read_golden(bundle)
    detector = create_detector(bundle, asked, 1, store_in(settings.state_dir))
    try:
        deviation = golden_deviation(bundle, golden, detector.infer)
    except Exception as exc:
        msg = f"'{bundle.folder}' does not run on {detector.backend}: {first_line(exc)}"
        raise ModelError(msg) from exc
    finally:
        detector.close()
    if deviation:
        msg = f"'{bundle.folder}' answers wrongly on {detector.backend}: {deviation}; kept out"
        raise ModelError(msg)


@contextmanager
def _progress() -> Iterator[Told]:
    """A counter of bytes on standard error, if that is a terminal."""
    console = Console(stderr=True)
    if not sys.stderr.isatty():
        yield lambda _what, _count: None
        return
    with Progress(TextColumn("{task.description}"), DownloadColumn(), console=console) as bars:
        tasks: dict[str, TaskID] = {}

        def told(what: str, count: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=None)
            bars.update(tasks[what], completed=count)

        yield told
