"""`python -m train`: fine-tune, evaluate and export, on a workstation."""

import sys
from importlib import import_module
from typing import Any, NamedTuple

import typer
from rich.console import Console
from typer.core import TyperCommand, TyperGroup

from edgedet import log
from edgedet.errors import ConfigError, EdgedetError, UsageError
from train.errors import OtherProcessError


class _Place(NamedTuple):
    """Where a command is defined, and the first line of its help."""

    module: str
    name: str
    help: str

    def load(self, command: str) -> Any:  # noqa: ANN401 - typer has no name for it in all versions
        """The command itself, called `command`."""
        found = getattr(import_module(f"train.commands.{self.module}"), self.name)
        if isinstance(found, typer.Typer):
            return typer.main.get_command(found)
        alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
        alone.command(command)(found)
        return typer.main.get_command(alone)


COMMANDS = {
    "check": _Place(
        "check",
        "check",
        "Audit a data set: broken files, impossible labels, leaks between splits, odd boxes, "
        "balance.",
    ),
    "show": _Place(
        "show",
        "show",
        "Write the pictures that the network is trained on, with their boxes and class names.",
    ),
    "fit": _Place(
        "fit",
        "fit",
        "Train a network; leaves best.pt, last.pt, results.csv and report.html in --out.",
    ),
    "evaluate": _Place(
        "evaluate",
        "evaluate_command",
        "Score a model the way that the device runs it: AP, errors by cost, thresholds, speed.",
    ),
    "predict": _Place(
        "predict",
        "predict",
        "Detect objects in pictures or a video: detections.jsonl, and the pictures with boxes.",
    ),
    "export": _Place(
        "export",
        "export",
        "Write a model bundle, checked against the checkpoint on every backend that is here.",
    ),
    "quantize": _Place(
        "quantize",
        "quantize_command",
        "Write an INT8 bundle; refuse if it loses more accuracy than the budget.",
    ),
    "refresh": _Place(
        "refresh",
        "refresh",
        "Refresh a deployed model: merge new labels, check, fine-tune, compare, and judge.",
    ),
    "tune": _Place(
        "tune",
        "tune",
        "Search a recipe by short runs; leaves best.yaml and trials.csv in --out.",
    ),
    "reparameterize": _Place(
        "reparameterize",
        "reparameterize",
        "Fold what only training needs: normalisation, RepConv branches, implicit and auxiliary "
        "heads.",
    ),
    "prune": _Place(
        "prune",
        "prune_command",
        "Remove the channels that matter least; widths stay multiples of 8.",
    ),
    "distill": _Place(
        "distill",
        "distill",
        "Train a small network by labels and by what a larger one says of the same pictures.",
    ),
    "ingest": _Place(
        "ingest",
        "ingest_app",
        "Turn annotations of another form into a YOLO data set.",
    ),
}
"""The commands by what is typed, in the order of the help."""


class _LateGroup(TyperGroup):
    """Imports a command when it is called: all of them together take seconds."""

    def __init__(self, **given: Any) -> None:  # noqa: ANN401
        """With what the help says of each."""
        super().__init__(**given)
        self.commands = {
            name: TyperCommand(name, help=place.help) for name, place in COMMANDS.items()
        }

    def resolve_command(self, ctx: Any, args: Any) -> Any:  # noqa: ANN401
        """The command that `args` begin with, its name, and what is left for it."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, command and COMMANDS[str(name)].load(str(name)), rest


app = typer.Typer(
    name="train",
    cls=_LateGroup,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def _train() -> None:
    """Fine-tune YOLOv7 networks, prove their accuracy, write a model bundle."""


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
