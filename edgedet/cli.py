"""The command line: how the commands are called. What they do is in `edgedet.commands`.

The commands are imported when they are called, so that `edgedet --help` answers at once.
"""

import contextlib
import errno
import faulthandler
import io
import sys
from pathlib import Path
from typing import Annotated, Literal, NoReturn

import typer

from edgedet import __version__, log
from edgedet.commands import lines
from edgedet.commands.sim.cli import app as sim
from edgedet.config.service import writes_to_journal
from edgedet.errors import ConfigError, EdgedetError, UsageError

FAILED = 1
WRONG_USAGE = 2

Remeasure = Annotated[
    bool, typer.Option("--remeasure", help="Let backend auto measure anew on this device.")
]

app = typer.Typer(
    name="edgedet",
    help="Watch cameras, detect objects, tell the network over MQTT.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(sim, name="sim")


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the command line and end with its exit code, as SystemExit."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a file name that is no text is no reason to die
            stream.reconfigure(errors="backslashreplace")
    with contextlib.suppress(OSError, ValueError, RuntimeError):  # standard error may be closed
        faulthandler.enable()  # systemd's watchdog ends a hung process with SIGABRT: say where
    sys.exit(_run(arguments))


def _run(arguments: list[str] | None) -> int:
    """The exit code of the command, its error told in one line."""
    try:
        app(args=arguments, prog_name="edgedet")
    except SystemExit as exc:  # how typer ends, for --help and wrong options too
        return exc.code if isinstance(exc.code, int) else FAILED
    except ConfigError as exc:
        for problem in exc.problems:
            typer.echo(log.redact(problem), err=True)
        return _refuse(exc, WRONG_USAGE)
    except UsageError as exc:
        return _refuse(exc, WRONG_USAGE)
    except EdgedetError as exc:
        return _refuse(exc, FAILED)
    except OSError as exc:  # standard output may be a file on a full disk
        if exc.errno != errno.ENOSPC:
            raise
        return _refuse(EdgedetError(f"cannot write: {exc.strerror}; make room"), FAILED)
    return 0


def _refuse(error: EdgedetError, code: int) -> int:
    typer.echo(f"edgedet: {log.redact(str(error))}", err=True)
    return code


def _show_version(is_asked: bool) -> None:
    if is_asked:
        typer.echo(f"edgedet {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version."),
    ] = False,
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"],
        typer.Option(help="What to write to the log on standard error."),
    ] = "info",
) -> None:
    log.configure(log_level, to_journal=writes_to_journal())


@app.command(epilog="Example: edgedet run configs/edgedet.yaml --duration 60")
def run(
    config: Annotated[Path, typer.Argument(help="The configuration, a YAML file.")],
    table: Annotated[
        bool | None,
        typer.Option("--table/--no-table", help="Show a live table; default: on a terminal."),
    ] = None,
    duration: Annotated[
        float | None, typer.Option(min=0.0, help="Stop after so many seconds.", metavar="SECONDS")
    ] = None,
    remeasure: Remeasure = False,
) -> None:
    """Watch the sources of a configuration and publish what is detected."""
    from edgedet.commands.run import run as command  # noqa: PLC0415

    raise typer.Exit(command(config, shows_table=table, duration_s=duration, remeasures=remeasure))


@app.command(
    epilog="Example: edgedet detect --bundle models/person --source clip.avi --out clip.jsonl"
)
def detect(  # noqa: PLR0913 - its options are the command line's
    bundle: Annotated[Path, typer.Option(help="The model bundle, a folder.")],
    source: Annotated[str, typer.Option(help="A video file: a path or a file:// address.")],
    out: Annotated[str, typer.Option(help="The file to write, or - for standard output.")],
    score_threshold: Annotated[
        float | None, typer.Option(min=0.0, max=1.0, help="Default: the bundle's, mostly 0.25.")
    ] = None,
    iou_threshold: Annotated[
        float | None, typer.Option(min=0.0, max=1.0, help="Default: the bundle's, mostly 0.45.")
    ] = None,
    backend: Annotated[
        Literal["auto", "onnxruntime", "openvino", "tensorrt"], typer.Option(help="What runs it.")
    ] = "auto",
    remeasure: Remeasure = False,
    track: Annotated[
        bool, typer.Option("--track", help="Follow the objects: each gets the id of its track.")
    ] = False,
) -> None:
    """Detect every frame of a video in order; write one JSON object a line."""
    from edgedet.commands import detect as commands  # noqa: PLC0415

    request = commands.DetectRequest(
        bundle, source, out, score_threshold, iou_threshold, backend, remeasure, track
    )
    raise typer.Exit(commands.detect(request))


@app.command(epilog="Example: edgedet sub --url mqtt://127.0.0.1:1883 --seconds 10 --validate")
def sub(  # noqa: PLR0913 - its options are the command line's
    url: Annotated[
        str | None, typer.Option(help="The broker; default: that of --config, else this machine's.")
    ] = None,
    topic: Annotated[
        str | None, typer.Option(help="Default: the device of --config, else edgedet/v1/#.")
    ] = None,
    config: Annotated[
        Path | None, typer.Option(help="Take broker, login and device from a configuration.")
    ] = None,
    username: Annotated[str | None, typer.Option(help="To log in to the broker.")] = None,
    password_file: Annotated[
        Path | None, typer.Option(help="The file whose first line is the password.")
    ] = None,
    ca_file: Annotated[
        Path | None, typer.Option(help="The authority that vouches for an mqtts:// broker.")
    ] = None,
    validate: Annotated[
        bool, typer.Option("--validate", help="Exit with 1 if a message is not as its schema says.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, one object a line.")] = False,
    count: Annotated[
        int | None, typer.Option(min=1, help="Stop after so many messages; 1 if fewer came.")
    ] = None,
    seconds: Annotated[float | None, typer.Option(min=0.0, help="Stop after so long.")] = None,
) -> None:
    """Show what devices publish, check every message, and tell what is missing."""
    from edgedet.commands import sub as commands  # noqa: PLC0415

    request = commands.SubRequest(
        config, url, topic, username, password_file, ca_file, validate, as_json, count, seconds
    )
    raise typer.Exit(commands.sub(request))


@app.command(epilog="Example: edgedet health /etc/edgedet/edgedet.yaml --ready")
def health(
    config: Annotated[Path, typer.Argument(help="The configuration of the service that runs.")],
    ready: Annotated[
        bool, typer.Option("--ready", help="Ask whether the job is being done, not only life.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")] = False,
) -> None:
    """Ask the service that runs here how it is; 1 where it is not well."""
    import json  # noqa: PLC0415

    from edgedet.commands.health import health as ask  # noqa: PLC0415

    result = ask(config, asks_ready=ready)
    typer.echo(json.dumps(result.body, indent=2) if as_json else "\n".join(result.lines))
    raise typer.Exit(0 if result.is_ok else FAILED)


@app.command(epilog="Example: edgedet check configs/edgedet.yaml --json")
def check(
    config: Annotated[Path | None, typer.Argument(help="The configuration, a YAML file.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON Schema of configurations instead.")
    ] = False,
) -> None:
    """Say everything that is wrong with a configuration; exit code 2 if anything is."""
    from edgedet.commands import check as commands  # noqa: PLC0415

    if schema:
        typer.echo(commands.schema_text())
        return
    if config is None:
        msg = "check: CONFIG is missing; expected the path of a YAML file"
        raise UsageError(msg)
    result = commands.check(config)
    if as_json:
        typer.echo(result.to_json())
        raise typer.Exit(result.exit_code)
    for problem in result.problems:
        typer.echo(problem)
    for warning in result.warnings:
        typer.echo(f"{config}: warning: {warning}")
    if result.valid:
        typer.echo(f"{config}: valid")
    raise typer.Exit(result.exit_code)


lines.add_to(app)
