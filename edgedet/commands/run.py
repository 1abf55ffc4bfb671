"""`edgedet run`: watch the sources of a configuration until stopped."""

import logging
import time
from pathlib import Path

from rich.console import Console
from rich.live import Live

from edgedet import log
from edgedet.app import Application
from edgedet.clock import Clock, Deadline, SystemClock
from edgedet.commands.check import check_places
from edgedet.commands.session import run_to_end
from edgedet.commands.tables import live_table, log_line, summary
from edgedet.config.load import load_settings
from edgedet.config.service import service_manager
from edgedet.config.settings import Settings
from edgedet.errors import EdgedetError, first_line
from edgedet.event import LastRun, RunEnd
from edgedet.health.last_run import RunRecord
from edgedet.lock import FileLock
from edgedet.monitoring import Monitoring
from edgedet.publish.identity import Birth, new_boot_id
from edgedet.stream.view import Snapshot

logger = logging.getLogger(__name__)

_LOCK_FILE = "service.lock"
_CLAIM_S = 3.0  # for one that was just killed to be gone
_CLAIM_POLL_S = 0.1
_TABLE_REFRESH_S = 0.5
_LOG_REFRESH_S = 5.0


def run(
    config: Path,
    *,
    shows_table: bool | None,
    duration_s: float | None,
    remeasures: bool = False,
) -> int:
    """Run the configuration at `config`; the exit code. None: a table if this is a terminal.

    `remeasures`: `backend: auto` measures, whatever it remembers.

    Raises:
        ConfigError: the configuration makes no sense.
        EdgedetError: another one runs with the same `state_dir`.
    """
    settings = _usable_settings(config)
    console = Console(soft_wrap=True)
    if shows_table is None:
        shows_table = console.is_terminal
    lock = _claim(settings.state_dir, SystemClock())
    record = RunRecord(settings.state_dir, SystemClock())
    birth = Birth(boot := new_boot_id(), _last_run(record, boot))
    try:
        app = Application(
            settings,
            remeasures=remeasures,
            birth=birth,
            read_settings=lambda: load_settings(config).settings,
        )
        watch = Monitoring(app, settings, record, service_manager())
        if shows_table:
            code = _run_with_table(app, watch, console, duration_s)
        else:
            code = run_to_end(
                app,
                show=_log,
                refresh_s=_LOG_REFRESH_S,
                duration_s=duration_s,
                companions=[watch],
            )
    except BaseException as exc:
        record.end(RunEnd.CRASHED, f"{type(exc).__name__}: {first_line(exc)}")
        raise
    finally:
        if lock is not None:
            lock.release()
    console.print(summary(app.snapshot()))
    return code


def _usable_settings(config: Path) -> Settings:
    """The settings, with what is to be said of them in the log.

    Raises:
        ConfigError: they make no sense, or something is in the way of what is to be kept.
    """
    loaded = load_settings(config)
    check_places(loaded.settings)
    for warning in loaded.warnings:
        logger.warning("%s", warning)
    return loaded.settings


def _claim(state_dir: Path, clock: Clock) -> FileLock | None:
    """The right to `state_dir`, which one run has at a time; None where no file can be made there.

    No camera is left alone for this file: a folder that cannot be written is told of by those who
    keep something in it.

    Raises:
        EdgedetError: another run has it.
    """
    deadline = Deadline(_CLAIM_S, clock)
    while True:
        try:
            state_dir.mkdir(parents=True, exist_ok=True)
            return FileLock(state_dir / _LOCK_FILE)
        except BlockingIOError as exc:
            if deadline.is_over():
                msg = (
                    f"another edgedet runs with state_dir '{state_dir}': stop it, or give this one"
                    " a state_dir of its own"
                )
                raise EdgedetError(msg) from exc
        except OSError as exc:
            logger.warning(
                "cannot lock '%s' (%s): that another run uses this state_dir would go unnoticed",
                state_dir / _LOCK_FILE,
                exc.strerror or exc,
            )
            return None
        time.sleep(_CLAIM_POLL_S)


def _last_run(record: RunRecord, boot: str) -> LastRun:
    """How the run before ended, told to the log."""
    last = record.begin(boot)
    is_fine = last.end in (RunEnd.FIRST_START, RunEnd.STOPPED, RunEnd.ENDED)
    level = logging.INFO if is_fine else logging.WARNING
    detail = f": {last.detail}" if last.detail else ""
    logger.log(level, "boot %s; the run before: %s%s", boot, last.end.value, detail)
    return last


def _run_with_table(
    app: Application, watch: Monitoring, console: Console, duration_s: float | None
) -> int:
    """Keep a table on the terminal, the log above it."""
    level = logging.getLevelName(logging.getLogger().getEffectiveLevel())
    with Live(console=console, auto_refresh=False, transient=True) as live:
        log.configure(level)  # anew, to write through the console that Live put in place of stderr

        def show(snapshot: Snapshot) -> None:
            live.update(live_table(snapshot), refresh=True)

        show(app.snapshot())
        code = run_to_end(
            app,
            show=show,
            refresh_s=_TABLE_REFRESH_S,
            duration_s=duration_s,
            companions=[watch],
        )
    log.configure(level)
    return code


def _log(snapshot: Snapshot) -> None:
    logger.info("%s", log_line(snapshot))
