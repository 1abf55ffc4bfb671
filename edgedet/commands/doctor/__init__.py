"""`edgedet doctor`: tries what a configuration names, and says what to do about what fails."""

import contextlib
import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import typer
from rich.console import Console
from rich.markup import escape

from edgedet.commands.doctor import (
    broker,
    configuration,
    model,
    sampling,
    service,
    system,
    video,
    web,
)
from edgedet.commands.doctor.checks import Check, Status
from edgedet.config.settings import Settings
from edgedet.log import redact

__all__ = ["Check", "DoctorRequest", "Status", "examine", "run"]

_MARKS = {
    Status.PASS: "[green]pass[/]",
    Status.WARN: "[yellow]warn[/]",
    Status.FAIL: "[red]fail[/]",
}

Told = Callable[[Check], None]


@dataclass(frozen=True, slots=True)
class DoctorRequest:
    """What the command line asks for; without `config` the machine alone is examined."""

    config: Path | None = None
    as_json: bool = False


def run(request: DoctorRequest) -> int:
    """Examine and tell; the exit code: 1 if a check failed, 2 if the configuration is wrong."""
    console = Console(soft_wrap=True)
    checks = []
    with _silence():
        for check in examine(request.config):
            checks.append(check)
            if not request.as_json:
                _show(console, check)
    if request.as_json:
        content = {"checks": [check.to_json() for check in checks]}
        typer.echo(redact(json.dumps(content, indent=2)))
    else:
        counts = {status: sum(c.status is status for c in checks) for status in Status}
        told = ", ".join(f"{count} {status.value}" for status, count in counts.items())
        console.print(f"{len(checks)} checks: {told}", markup=False)
    failed = [check.name for check in checks if check.status is Status.FAIL]
    if configuration.NAME in failed:
        return 2
    return 1 if failed else 0


def examine(config: Path | None) -> Iterator[Check]:
    """The checks, in the order in which trouble is best looked for, as they are done."""
    settings: Settings | None = None
    if config is not None:
        settings, checks = configuration.examine(config)
        yield from checks
    yield from system.examine(settings)
    yield from video.examine_plugins()
    yield from model.examine(settings)
    if settings is None:
        return
    found = service.properties()
    is_running = service.is_running(found)
    yield from service.examine(found)
    yield from video.examine_sources(settings, is_running=is_running)
    yield from broker.examine(settings)
    yield from sampling.examine(settings)
    yield from web.examine(settings, is_running=is_running)


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """No log of our parts: the trouble that they meet is told as checks."""
    logger = logging.getLogger("edgedet")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(level)


def _show(console: Console, check: Check) -> None:
    console.print(f"{_MARKS[check.status]}  {escape(redact(f'{check.name}: {check.detail}'))}")
    if check.fix:
        console.print(f"      {escape(redact(check.fix))}")
