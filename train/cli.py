"""`python -m train`: fine-tune, evaluate and export, on a workstation."""

import sys

import typer
from rich.console import Console

from edgedet import log
from edgedet.errors import ConfigError, EdgedetError, UsageError
from train.commands.check import check
from train.commands.distill import distill
from train.commands.evaluate import evaluate_command
from train.commands.export import export
from train.commands.fit import fit
from train.commands.ingest import ingest_app
from train.commands.predict import predict
from train.commands.prune import prune_command
from train.commands.quantize import quantize_command
from train.commands.refresh import refresh
from train.commands.reparameterize import reparameterize
from train.commands.show import show
from train.commands.tune import tune
from train.engine.world import OtherProcessError

app = typer.Typer(
    name="train",
    help="Fine-tune YOLOv7 networks, prove their accuracy, write a model bundle.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(ingest_app, name="ingest")
app.command()(check)
app.command()(show)
app.command()(fit)
app.command("evaluate")(evaluate_command)
app.command()(predict)
app.command()(export)
app.command("quantize")(quantize_command)
app.command()(refresh)
app.command()(tune)
app.command()(reparameterize)
app.command("prune")(prune_command)
app.command()(distill)


def main() -> None:
    """Run a command; exit code 0: done, 1: failed, 2: wrong usage or configuration."""
    log.configure("INFO")
    console = Console(stderr=True)
    try:
        app(prog_name="python -m train")
    except OtherProcessError:
        sys.exit(1)
    except (ConfigError, UsageError) as exc:
        console.print(f"error: {exc}", style="red", markup=False, soft_wrap=True)
        sys.exit(2)
    except EdgedetError as exc:
        console.print(f"error: {exc}", style="red", markup=False, soft_wrap=True)
        sys.exit(1)
    except OSError as exc:  # a full disk or a folder of somebody else's can be met anywhere
        console.print(f"error: {_told(exc)}", style="red", markup=False, soft_wrap=True)
        sys.exit(1)


def _told(error: OSError) -> str:
    """The file and what is wrong with it, as far as the error knows them."""
    reason = error.strerror or str(error) or type(error).__name__
    return f"'{error.filename}': {reason}" if error.filename else reason
