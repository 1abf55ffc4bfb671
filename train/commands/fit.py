"""`train fit`: a training run in a folder."""

from pathlib import Path
from typing import Annotated

import typer

from train.commands.fit_options import FitOptions
from train.commands.options import checked_size, named_model, one_of
from train.commands.quantization_aware import own_model
from train.commands.running import run_to_end
from train.config import load_recipe
from train.data.store import CACHE_KINDS
from train.engine.precision import PrecisionName

_PRECISIONS: tuple[PrecisionName, ...] = ("auto", "fp32", "bf16", "fp16")
_MODEL, _SIDE_PX = "yolov7-tiny", 640
_EPOCHS, _QAT_EPOCHS = 100, 10


def fit(  # noqa: PLR0913 - the options of the command
    data: Annotated[Path, typer.Option(help="data.yaml of the set to train on.")],
    out: Annotated[Path, typer.Option(help="New folder for checkpoints, results and report.")],
    model: Annotated[
        str | None,
        typer.Option(help="Which network; default: yolov7-tiny, for --qat that of the weights."),
    ] = None,
    weights: Annotated[
        Path | None, typer.Option(help="Checkpoint to start from; none: from scratch.")
    ] = None,
    recipe: Annotated[
        str | None,
        typer.Option(help="A name in configs/train, or a file; default: finetune, for --qat qat."),
    ] = None,
    epochs: Annotated[
        int | None,
        typer.Option(min=1, help="Times every picture is seen; default: 100, for --qat 10."),
    ] = None,
    image_size: Annotated[
        int | None,
        typer.Option(min=32, help="Side of the input, pixels; default: 640, for --qat as trained."),
    ] = None,
    batch_size: Annotated[
        int, typer.Option(min=1, help="Pictures a step, of all processes together.")
    ] = 16,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:1, …")] = "auto",
    precision: Annotated[
        str, typer.Option(help="auto, fp32, bf16 or fp16: what the network computes in.")
    ] = "auto",
    compile_: Annotated[
        bool, typer.Option("--compile", help="Compile the network: slow to start, then faster.")
    ] = False,
    sync_bn: Annotated[
        bool, typer.Option("--sync-bn", help="Normalise over the batch of all CUDA cards.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Same seed, same run.")] = 0,
    workers: Annotated[int, typer.Option(min=0, help="Processes that prepare pictures.")] = 1,
    threads: Annotated[int, typer.Option(min=0, help="Threads of a CPU; 0: all cores.")] = 0,
    cache: Annotated[
        str, typer.Option(help="Keep decoded pictures: ram, disk (beside data.yaml), none.")
    ] = "ram",
    evaluate_every: Annotated[int, typer.Option(min=1, help="Score each so many epochs.")] = 1,
    save_every_minutes: Annotated[
        float, typer.Option(min=0, help="Save inside a long epoch as often as this.")
    ] = 15.0,
    qat: Annotated[
        bool, typer.Option("--qat", help="Train --weights as INT8: quantization-aware training.")
    ] = False,
    calibration: Annotated[
        Path | None,
        typer.Option(help="With --qat: calibration.json, or an INT8 bundle; none: calibrate."),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Continue the run in --out.")] = False,
    extend: Annotated[
        bool, typer.Option("--extend", help="With --resume: more --epochs than it began with.")
    ] = False,
) -> None:
    """Train a network; leaves best.pt, last.pt, results.csv and report.html in --out.

    With --qat a trained network learns to stand INT8: it computes as `train quantize` will make
    it, is taught by what it was, and best.pt holds the scales beside its weights.

    Example: python -m train fit --data data/pets09/data.yaml --recipe scratch --epochs 60
    --image-size 416 --batch-size 16 --out runs/pets09
    """
    recipe = recipe or ("qat" if qat else "finetune")
    chosen = load_recipe(recipe)
    usual = own_model(weights) if qat and weights is not None else (_MODEL, _SIDE_PX)
    model, image_size = model or usual[0], image_size or usual[1]
    options = FitOptions(
        data=data,
        out=out,
        # anchors are part of what a network knows: with others it would know nothing
        recipe=chosen.model_copy(update={"autoanchor": False}) if qat else chosen,
        recipe_name=recipe,
        model=model,
        weights=weights,
        epochs=epochs or (_QAT_EPOCHS if qat else _EPOCHS),
        image_size=checked_size(image_size, named_model(model).strides[-1]),
        batch_size=batch_size,
        device=device,
        precision=one_of("--precision", precision, _PRECISIONS),
        compile=compile_,
        sync_bn=sync_bn,
        seed=seed,
        workers=workers,
        threads=threads,
        cache=one_of("--cache", cache, CACHE_KINDS),
        evaluate_every=evaluate_every,
        save_every_minutes=save_every_minutes,
        resume=resume,
        extend=extend,
        qat=qat,
        calibration=calibration,
    )
    run_to_end(options)
