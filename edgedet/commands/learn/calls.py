"""How the commands of `edgedet learn` are called; what they do is imported when they are."""

from pathlib import Path
from typing import Annotated

import typer

Config = Annotated[Path, typer.Option(help="The configuration of the service, a YAML file.")]
Ids = Annotated[
    list[str] | None,
    typer.Argument(metavar="[ID]...", help="Samples; the beginning or the end of an id will do."),
]
Id = Annotated[
    str, typer.Argument(metavar="ID", help="A sample; the beginning or end of its id will do.")
]
States = Annotated[
    list[str] | None,
    typer.Option(
        "--state",
        help="Only of this state, which may be given several times: kept, approved, uploaded, "
        "annotated, done, refused.",
    ),
]
Source = Annotated[str | None, typer.Option(help="Only of this source.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]

learn_app = typer.Typer(
    help="See, approve and take away the frames that were kept for labelling.",
    no_args_is_help=True,
)


@learn_app.command(epilog="Example: edgedet learn ls --config edgedet.yaml --state kept")
def ls(
    config: Config,
    state: States = None,
    source: Source = None,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many, the newest.")] = None,
    as_json: AsJson = False,
) -> None:
    """List samples, oldest first, and how many there are of each state."""
    from edgedet.commands.learn import listing  # noqa: PLC0415

    listing.ls(config, state or [], source, limit, as_json=as_json)


@learn_app.command(epilog="Example: edgedet learn show 1a2b3c4d --config edgedet.yaml")
def show(
    sample: Id,
    config: Config,
    as_json: AsJson = False,
) -> None:
    """Show all that is known of a sample, and what left the device of it."""
    from edgedet.commands.learn import listing  # noqa: PLC0415

    listing.show(config, sample, as_json=as_json)


@learn_app.command(epilog="Example: edgedet learn audit --config edgedet.yaml --json")
def audit(config: Config, as_json: AsJson = False) -> None:
    """List what left the device, when, where to, and what came of it."""
    from edgedet.commands.learn import listing  # noqa: PLC0415

    listing.audit(config, as_json=as_json)


@learn_app.command(epilog="Example: edgedet learn approve 1a2b3c4d --config edgedet.yaml")
def approve(
    config: Config,
    samples: Ids = None,
    source: Source = None,
    every: Annotated[bool, typer.Option("--all", help="All that wait for approval.")] = False,
    as_json: AsJson = False,
) -> None:
    """Let samples leave the device."""
    from edgedet.commands.learn import decisions  # noqa: PLC0415

    chosen = decisions.Chosen(tuple(samples or ()), source, every)
    decisions.approve(config, chosen, as_json=as_json)


@learn_app.command(epilog="Example: edgedet learn reject 1a2b3c4d --config edgedet.yaml")
def reject(  # noqa: PLR0913 - its options are the command line's
    config: Config,
    samples: Ids = None,
    source: Source = None,
    every: Annotated[bool, typer.Option("--all", help="All that wait for approval.")] = False,
    reason: Annotated[str, typer.Option(help="Kept with the sample.")] = "rejected",
    as_json: AsJson = False,
) -> None:
    """End the life of samples that have not been sent, and remove their pictures."""
    from edgedet.commands.learn import decisions  # noqa: PLC0415

    chosen = decisions.Chosen(tuple(samples or ()), source, every)
    decisions.reject(config, chosen, reason, as_json=as_json)


@learn_app.command(epilog="Example: edgedet learn purge --config edgedet.yaml --older-than 90")
def purge(  # noqa: PLR0913 - its options are the command line's
    config: Config,
    samples: Ids = None,
    state: States = None,
    older_than: Annotated[
        float, typer.Option(min=0.0, help="Kept longer ago, in days.", metavar="DAYS")
    ] = 30.0,
    pictures: Annotated[
        bool, typer.Option("--pictures", help="Those too whose picture is still on this disk.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Forget samples: those named, or done and refused ones of long ago. The audit stays."""
    from edgedet.commands.learn import decisions  # noqa: PLC0415

    request = decisions.Purge(tuple(samples or ()), tuple(state or ()), older_than, pictures)
    decisions.purge(config, request, as_json=as_json)


@learn_app.command(epilog="Example: edgedet learn reconcile --config edgedet.yaml")
def reconcile(config: Config, as_json: AsJson = False) -> None:
    """Make ledger and pictures agree, as the service does when it starts."""
    from edgedet.commands.learn import decisions  # noqa: PLC0415

    decisions.reconcile(config, as_json=as_json)


@learn_app.command(epilog="Example: edgedet learn export --config edgedet.yaml --out /media/usb")
def export(  # noqa: PLR0913 - its options are the command line's
    config: Config,
    out: Annotated[Path, typer.Option(help="The folder; it may have samples already.")],
    state: States = None,
    source: Source = None,
    done: Annotated[
        bool, typer.Option("--done", help="Then they are done, and gone from this disk.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Copy pictures and label files to a folder, for `python -m train ingest device`."""
    from edgedet.commands.learn import export as commands  # noqa: PLC0415

    request = commands.Export(out, tuple(state or ()), source, done)
    commands.export(config, request, as_json=as_json)
