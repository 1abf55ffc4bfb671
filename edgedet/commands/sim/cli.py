"""How `edgedet sim` is called."""

import json
from pathlib import Path
from typing import Annotated

import typer

from edgedet.errors import UsageError

app = typer.Typer(no_args_is_help=True, help="Play scenarios of faults against a real runtime.")

Names = Annotated[
    list[str] | None, typer.Argument(metavar="SCENARIO...", help="Files, or names of `sim list`.")
]


@app.command("list", epilog="Example: edgedet sim list")
def list_scenarios(
    as_json: Annotated[bool, typer.Option("--json", help="Print the list as JSON.")] = False,
) -> None:
    """Show the scenarios that come with edgedet."""
    from edgedet.commands.sim.play import shipped_scenarios  # noqa: PLC0415 - as in edgedet.cli

    scenarios = shipped_scenarios()
    if as_json:
        rows = [
            {"name": s.head.name, "about": " ".join(s.head.about.split()), "file": str(path)}
            for path, s in scenarios
        ]
        typer.echo(json.dumps({"scenarios": rows}, indent=2))
        return
    width = max((len(scenario.head.name) for _, scenario in scenarios), default=0)
    for _, scenario in scenarios:
        typer.echo(f"{scenario.head.name:<{width}}  {' '.join(scenario.head.about.split())}")


@app.command(epilog="Example: edgedet sim check my-scenario.yaml")
def check(names: Names = None) -> None:
    """Say everything that is wrong with scenarios without playing them; exit code 2 if anything."""
    from edgedet.commands.sim.play import load_all  # noqa: PLC0415

    for path, _ in load_all(_given(names)):
        typer.echo(f"{path}: valid")


@app.command(epilog="Example: edgedet sim run broker-killed --keep /tmp/kept")
def run(
    names: Names = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the reports as JSON.")] = False,
    keep: Annotated[
        Path | None,
        typer.Option(help="Keep configuration, logs and messages in a folder of this one."),
    ] = None,
    jobs: Annotated[int, typer.Option(min=1, max=64, help="So many at the same time.")] = 1,
) -> None:
    """Play scenarios; 0 if all passed, 1 if one failed, 2 if one makes no sense."""
    from edgedet.commands.sim.play import load_all, play_all  # noqa: PLC0415
    from edgedet.sim.play.report import Report  # noqa: PLC0415

    reports: list[Report] = []

    def tell(report: Report) -> None:
        reports.append(report)
        if not as_json:
            typer.echo(report.to_text() + "\n")

    has_passed = play_all(load_all(_given(names)), keep, jobs, tell)
    if as_json:
        typer.echo(json.dumps({"reports": [report.to_json() for report in reports]}, indent=2))
    raise typer.Exit(0 if has_passed else 1)


def _given(names: list[str] | None) -> list[str]:
    if not names:
        msg = "sim: no scenario given; expected files, or names of `edgedet sim list`"
        raise UsageError(msg)
    return names
