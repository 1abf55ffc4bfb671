"""`train refresh`: new labels and a deployed model become a better bundle, or a reason why not."""

from pathlib import Path
from typing import Annotated

import typer

from edgedet.errors import UsageError
from train.commands.ingest.roboflow import KEY_VARIABLE, api_key
from train.commands.options import one_of
from train.commands.refreshing import refresh_to_end
from train.data.ingest.split import Shares
from train.evaluate import BACKENDS
from train.refresh.options import NewLabels, RefreshOptions
from train.refresh.verdict import Bounds

_SPLITS = ("auto", "test", "val", "train")


def refresh(  # noqa: PLR0913 - the options of the command
    model: Annotated[Path, typer.Option(help="Folder of the deployed bundle.")],
    test: Annotated[
        Path, typer.Option(help="data.yaml of the frozen test set: the same every time.")
    ],
    out: Annotated[
        Path, typer.Option(help="Folder of this refresh; the same command goes on in it.")
    ],
    samples: Annotated[
        Path | None, typer.Option(help="New labels: the folder that a device sampled into.")
    ] = None,
    roboflow: Annotated[
        str,
        typer.Option(help="New labels: [WORKSPACE/]PROJECT/VERSION, or an export (zip, folder)."),
    ] = "",
    data: Annotated[
        Path | None, typer.Option(help="New labels: a YOLO folder, or its data.yaml.")
    ] = None,
    previous: Annotated[
        Path | None,
        typer.Option(help="data.yaml of the set so far; merged/data.yaml of the last refresh."),
    ] = None,
    labels: Annotated[
        Path | None, typer.Option(help="With --samples: folder of label files from a tool.")
    ] = None,
    accept_predictions: Annotated[
        bool,
        typer.Option("--accept-predictions", help="With --samples: also labels as predicted."),
    ] = False,
    api_key_file: Annotated[
        Path | None, typer.Option(help=f"File with Roboflow's key; else {KEY_VARIABLE}.")
    ] = None,
    weights: Annotated[
        Path | None, typer.Option(help="Checkpoint of the model, if the bundle has no weights.pt.")
    ] = None,
    test_split: Annotated[
        str, typer.Option(help="Split of --test; auto: test if it has one, else val.")
    ] = "auto",
    newest_share: Annotated[
        float, typer.Option(help="Of the new pictures, the newest of each camera: held out.")
    ] = 0.2,
    val_share: Annotated[
        float, typer.Option(help="Of the new pictures, those before: to choose the epoch by.")
    ] = 0.1,
    tolerance: Annotated[
        float,
        typer.Option(min=0, help="Points of AP@50:95 the frozen set may lose if newest gain."),
    ] = 0.5,
    class_bound: Annotated[
        float, typer.Option(min=0, help="Points of AP@50:95 that any class may lose.")
    ] = 3.0,
    camera_bound: Annotated[
        float, typer.Option(min=0, help="Points of AP@50:95 that any camera may lose.")
    ] = 3.0,
    least_objects: Annotated[
        int, typer.Option(min=1, help="Classes and cameras of fewer objects decide nothing.")
    ] = 20,
    int8_budget: Annotated[
        float, typer.Option(min=0, help="Points that INT8 may lose, where the model is INT8.")
    ] = 0.5,
    recipe: Annotated[
        str, typer.Option(help="A name in configs/train, or a file.")
    ] = "finetune-small",
    epochs: Annotated[
        int | None, typer.Option(min=1, help="Default: some 4000 pictures seen, 8 to 100 epochs.")
    ] = None,
    batch_size: Annotated[int, typer.Option(min=1, help="Pictures a step.")] = 16,
    version: Annotated[
        str | None, typer.Option(help="Of the new bundle; default: one higher.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Same seed, same run.")] = 0,
    workers: Annotated[int, typer.Option(min=0, help="Processes that prepare pictures.")] = 1,
    threads: Annotated[int, typer.Option(min=0, help="Threads of a CPU; 0: all cores.")] = 0,
    device: Annotated[str, typer.Option(help="What trains: auto, cpu, cuda, …")] = "auto",
    backend: Annotated[
        str, typer.Option(help="What compares both bundles: auto, onnxruntime, …")
    ] = "auto",
    force: Annotated[
        bool, typer.Option("--force", help="Go on though the check of the data finds problems.")
    ] = False,
) -> None:
    """Refresh a deployed model: merge new labels, check, fine-tune, compare, and judge.

    Leaves in --out: bundle, if the new model is better on the frozen test set and nowhere worse
    than the bounds say; report.html and report.json; merged/data.yaml, the --previous of the next
    refresh. Stopped or killed, the same command goes on.

    Exit code 0: a bundle; 1: refused, or failed; 2: wrong usage.

    Example: python -m train refresh --model models/person --samples labelling --previous
    data/previous/data.yaml --test data/frozen/data.yaml --out runs/refresh-1
    """
    new = NewLabels(samples, roboflow, data, labels, accept_predictions)
    _check(new, newest_share, val_share)
    options = RefreshOptions(
        model=model,
        new=new,
        test=test,
        out=out,
        previous=previous,
        weights=weights,
        test_split=one_of("--test-split", test_split, _SPLITS),
        newest_share=newest_share,
        val_share=val_share,
        recipe=recipe,
        epochs=epochs,
        batch_size=batch_size,
        seed=seed,
        workers=workers,
        threads=threads,
        device=device,
        backend=one_of("--backend", backend, BACKENDS),
        bounds=Bounds(tolerance, class_bound, camera_bound, least_objects),
        int8_budget=int8_budget,
        version=version,
        force=force,
    )
    is_download = bool(roboflow) and not Path(roboflow).exists()
    if not refresh_to_end(options, lambda: api_key(api_key_file) if is_download else ""):
        raise typer.Exit(1)


def _check(new: NewLabels, newest_share: float, val_share: float) -> None:
    given = [new.samples is not None, bool(new.roboflow), new.data is not None]
    if sum(given) != 1:
        msg = (
            "give the new labels as one of --samples FOLDER, --roboflow VERSION_OR_EXPORT, "
            f"--data YOLOFOLDER; got {sum(given)} of them"
        )
        raise UsageError(msg)
    if new.samples is None and (new.labels is not None or new.accepts_predictions):
        msg = "--labels and --accept-predictions belong to --samples"
        raise UsageError(msg)
    Shares(val_share, newest_share)
