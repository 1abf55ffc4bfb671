"""How `edgedet models …` is called."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    help="The models of this device: install, list, verify, activate, status, roll back, remove.",
    no_args_is_help=True,
)

Config = Annotated[Path, typer.Option(help="The configuration: state_dir, model, backend.")]
Model = Annotated[str, typer.Argument(help="An id, or how one begins; 'configured'.")]
ChangeClasses = Annotated[
    bool, typer.Option("--change-classes", help="Allow other classes than those in use.")
]


@app.command(epilog="Example: edgedet models install person-7.tar.gz --config edgedet.yaml")
def install(
    source: Annotated[str, typer.Argument(help="A folder, an archive, or the address of either.")],
    config: Config,
    activate: Annotated[bool, typer.Option("--activate", help="Use it, too.")] = False,
    change_classes: ChangeClasses = False,
) -> None:
    """Fetch a bundle, check digests, signature, classes and answers, and keep it."""
    from edgedet.commands import models  # noqa: PLC0415 - see lines.py

    code = models.install(config, source, activates=activate, changes_classes=change_classes)
    raise typer.Exit(code)


@app.command("list", epilog="Example: edgedet models list --config edgedet.yaml --json")
def show(
    config: Config,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """List the models, and say which one is in use."""
    from edgedet.commands import models  # noqa: PLC0415

    raise typer.Exit(models.show(config, as_json=as_json))


@app.command(epilog="Example: edgedet models verify --config edgedet.yaml")
def verify(
    config: Config,
    model: Annotated[str | None, typer.Argument(help="An id; default: all.")] = None,
) -> None:
    """Check digests, signatures and answers of installed models."""
    from edgedet.commands import models  # noqa: PLC0415

    raise typer.Exit(models.verify(config, model))


@app.command(epilog="Example: edgedet models activate person-7 --config edgedet.yaml")
def activate(model: Model, config: Config, change_classes: ChangeClasses = False) -> None:
    """Use an installed model: the service that runs proves it, and watches it afterwards."""
    from edgedet.commands import model_use  # noqa: PLC0415

    raise typer.Exit(model_use.activate(config, model, changes_classes=change_classes))


@app.command(epilog="Example: edgedet models rollback --config edgedet.yaml")
def rollback(config: Config) -> None:
    """Go back to the model before the present one, or end the change under way."""
    from edgedet.commands import model_use  # noqa: PLC0415

    raise typer.Exit(model_use.roll_back(config))


@app.command(epilog="Example: edgedet models status --config edgedet.yaml --json")
def status(
    config: Config,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Say which model is in use, and how far the service is with the latest change."""
    from edgedet.commands import model_use  # noqa: PLC0415

    raise typer.Exit(model_use.status(config, as_json=as_json))


@app.command(epilog="Example: edgedet models remove person-5 --config edgedet.yaml")
def remove(model: Model, config: Config) -> None:
    """Delete an installed model that is not in use."""
    from edgedet.commands import models  # noqa: PLC0415

    raise typer.Exit(models.remove(config, model))
