"""How the commands about models and devices are called; the rest of the command line is `cli.py`.

What they do is imported when they are called, so that `edgedet --help` answers at once.
"""

from pathlib import Path
from typing import Annotated, Literal

import typer

from edgedet.commands import model_lines
from edgedet.commands.learn.calls import learn_app


def add_to(app: typer.Typer) -> None:
    """Make these commands part of `app`."""
    app.add_typer(learn_app, name="learn")
    app.command(epilog="Example: edgedet bench models/person --cameras 4 --fps 10 --latency 200")(
        bench
    )
    app.command("build-engine", epilog="Example: edgedet build-engine models/person --max-batch 8")(
        build_engine
    )
    app.command(epilog="Example: edgedet doctor /etc/edgedet/edgedet.yaml")(doctor)
    app.add_typer(model_lines.app, name="models")


def bench(  # noqa: PLR0913 - its options are the command line's
    bundle: Annotated[Path, typer.Argument(help="The model bundle, a folder.")],
    source: Annotated[
        str | None, typer.Option(help="A video file to read; default: a test pattern of 720p.")
    ] = None,
    backend: Annotated[
        str, typer.Option(help="Which ones, with commas; all: those that are installed.")
    ] = "all",
    batch: Annotated[str, typer.Option(help="Pictures at once, with commas.")] = "1,4,8",
    threads: Annotated[
        int, typer.Option(min=0, max=256, help="Of a CPU backend; 0: one for each core.")
    ] = 0,
    seconds: Annotated[
        float, typer.Option(min=0.1, max=3600.0, help="How long each measurement takes.")
    ] = 3.0,
    cameras: Annotated[
        int | None, typer.Option(min=1, max=256, help="Try so many cameras, at --fps each.")
    ] = None,
    fps: Annotated[float, typer.Option(min=0.2, max=1000.0, help="Images/s of a camera.")] = 10.0,
    latency: Annotated[
        float, typer.Option(min=1.0, help="Milliseconds that 99 % of answers may take.")
    ] = 200.0,
    state_dir: Annotated[
        Path | None, typer.Option(help="Where engines are kept; default: /var/lib/edgedet.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Measure what this device can do with a model, and what limits it."""
    from edgedet.commands import bench as commands  # noqa: PLC0415

    request = commands.BenchRequest(
        bundle,
        source or commands.PATTERN,
        backend,
        batch,
        threads,
        seconds,
        None if cameras is None else commands.Question(cameras, fps, latency),
        state_dir,
        as_json,
    )
    raise typer.Exit(commands.bench(request))


def build_engine(  # noqa: PLR0913 - its options are the command line's
    bundle: Annotated[Path | None, typer.Argument(help="The model bundle, a folder.")] = None,
    config: Annotated[
        Path | None, typer.Option(help="Take bundle, state_dir and batch.max_size from it.")
    ] = None,
    state_dir: Annotated[Path | None, typer.Option(help="Where engines are kept.")] = None,
    min_batch: Annotated[int | None, typer.Option(min=1, help="Smallest batch; 1.")] = None,
    opt_batch: Annotated[
        int | None, typer.Option(min=1, help="Batch that it is tuned for; half the largest.")
    ] = None,
    max_batch: Annotated[int | None, typer.Option(min=1, help="Largest batch; 8.")] = None,
    precision: Annotated[
        Literal["auto", "int8", "fp16", "fp32"],
        typer.Option(help="auto: the faster of INT8 and FP16 that answers as it should."),
    ] = "auto",
    workspace: Annotated[int, typer.Option(min=1, help="MiB that tactics may use.")] = 1024,
    optimization_level: Annotated[
        int | None, typer.Option(min=0, max=5, help="TensorRT's; higher builds longer.")
    ] = None,
    dla: Annotated[
        int | None, typer.Option(min=0, help="Experimental: the DLA core to use.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Build even if it is there.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Build a bundle's TensorRT engine, on the GPU that will run it."""
    from edgedet.commands import build_engine as commands  # noqa: PLC0415

    batches = (min_batch, opt_batch, max_batch)
    request = commands.BuildEngineRequest(
        bundle, config, state_dir, batches, precision, workspace,
        optimization_level, dla, force, as_json,
    )  # fmt: skip
    raise typer.Exit(commands.run(request))


def doctor(
    config: Annotated[
        Path | None, typer.Argument(help="The configuration; without it the machine alone.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Try everything that a configuration names, and say how to mend what does not work."""
    from edgedet.commands import doctor as commands  # noqa: PLC0415

    raise typer.Exit(commands.run(commands.DoctorRequest(config, as_json)))
