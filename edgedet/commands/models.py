"""`edgedet models`: the bundles of this device, from installation to use and back."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import typer
from rich.console import Console
from rich.progress import DownloadColumn, Progress, TaskID, TextColumn
from rich.table import Table

from edgedet.clock import SystemClock
from edgedet.commands.model_use import IF_MEANT, Place, use
from edgedet.config.settings import Settings
from edgedet.detect import create_detector, store_in
from edgedet.detect.engine.store import remove_engines_of
from edgedet.detect.golden import golden_deviation
from edgedet.errors import ModelError, first_line
from edgedet.manifest import Bundle, read_bundle, read_golden, verify_bundle
from edgedet.model_change import retention_of
from edgedet.models import check_signature, fetch
from edgedet.models.classes import check_classes
from edgedet.models.fetch import Progress as Told
from edgedet.models.fetch import forget
from edgedet.models.listing import listed
from edgedet.models.retention import kept_for
from edgedet.models.store import Installed
from edgedet.rollout.claim import take_claim
from edgedet.rollout.retention import needed_models


def install(config: Path, source: str, *, activates: bool, changes_classes: bool) -> int:
    """Fetch, verify, prove on this device's backend, keep; and use, if asked."""
    place = Place.of(config)
    with _progress() as told:
        folder = fetch(source, place.store.incoming, told)
    try:
        installed = _taken_in(place, folder, changes_classes=changes_classes)
    finally:
        forget(source, place.store.incoming)
    typer.echo(f"installed {installed.id}")
    if activates:  # verified, and its classes compared, above
        use(place, config, installed.id, changes_classes=changes_classes)
    _prune(place)
    if activates:
        return 0
    typer.echo(f"to use it: edgedet models activate {installed.id} --config {config}")
    return 0


def _taken_in(place: Place, folder: Path, *, changes_classes: bool) -> Installed:
    key = place.settings.model.public_key_file
    if key is not None:
        check_signature(folder, key)
    candidate = read_bundle(folder)
    verify_bundle(candidate)
    if not changes_classes:
        check_classes(candidate, place.store.in_use(place.configured), IF_MEANT)
    _prove(candidate, place.settings)
    return place.store.add(folder)


def show(config: Path, *, as_json: bool) -> int:
    """List what is installed, and what is in use."""
    place = Place.of(config)
    used = place.store.in_use(place.configured)
    needed = needed_models(place.store, place.configured, place.record)
    kept = kept_for(place.store, needed, place.settings.rollout.keep_models)
    models = listed(place.store, place.configured, used, kept)
    if as_json:
        typer.echo(json.dumps({"models": models}, indent=2))
        return 0
    table = Table(title=f"models of {place.settings.state_dir}", title_justify="left")
    for title in ("id", "model", "version", "precision", "in use", "kept for"):
        table.add_column(title)
    for each in models:
        cells = (str(each[key]) for key in ("id", "model", "version", "precision"))
        kept_as = str(each["kept_for"] or "nothing: removed before long")
        table.add_row(*cells, "yes" if each["in_use"] else "", kept_as)
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


def remove(config: Path, model: str) -> int:
    """Delete an installed bundle, unless the service is about to use it."""
    place = Place.of(config)
    found, record = place.store.find(model), place.record
    if found.id in (record.to, record.before) and not record.state.is_over:
        msg = f"the service changes its model to or from '{found.id}'; wait for the end of that"
        raise ModelError(msg)
    typer.echo(f"removed {place.store.remove(found.id).id}")
    if found.bundle.digest != place.configured.digest:
        remove_engines_of(place.settings.state_dir, found.bundle.digest)
    return 0


def _prune(place: Place) -> None:
    """Remove models that are not needed; a service that runs does it itself."""
    try:
        claim = take_claim(place.store.folder)
    except ModelError:
        return
    try:
        retention = retention_of(
            lambda: place.settings, place.store, place.configured, SystemClock()
        )
        for model in retention.prune(place.record):
            typer.echo(f"removed {model}: not needed, nor of the newest")
    finally:
        claim.release()


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
