"""`train distill`: a training run in which a trained network helps."""

from pathlib import Path
from typing import Annotated

import typer

from train.commands.fit_options import FitOptions
from train.commands.options import checked_size, named_model, one_of
from train.commands.running import run_to_end
from train.commands.teacher import check_classes, teacher_fact
from train.config import load_recipe
from train.data.dataset import read_data_yaml
from train.data.store import CACHE_KINDS
from train.loss.distillation import Distillation, as_teacher, check_levels
from train.model import load_model


def distill(  # noqa: PLR0913 - the options of the command
    teacher: Annotated[Path, typer.Option(help="Checkpoint to learn from, as best.pt of a run.")],
    data: Annotated[Path, typer.Option(help="data.yaml of the set to train on.")],
    out: Annotated[Path, typer.Option(help="New folder for checkpoints, results and report.")],
    model: Annotated[str, typer.Option(help="Which network learns.")] = "yolov7-tiny",
    weights: Annotated[
        Path | None, typer.Option(help="Checkpoint that it starts from; none: from scratch.")
    ] = None,
    teacher_weight: Annotated[
        float, typer.Option(min=0, help="Of the teacher's terms in the loss; the labels' have 1.")
    ] = 1.0,
    recipe: Annotated[str, typer.Option(help="A name in configs/train, or a file.")] = "finetune",
    epochs: Annotated[int, typer.Option(min=1, help="Times every picture is seen.")] = 100,
    image_size: Annotated[int, typer.Option(min=32, help="Side of the input, pixels.")] = 640,
    batch_size: Annotated[int, typer.Option(min=1, help="Pictures a step.")] = 16,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:1, …")] = "auto",
    seed: Annotated[int, typer.Option(help="Same seed, same run.")] = 0,
    workers: Annotated[int, typer.Option(min=0, help="Processes that prepare pictures.")] = 1,
    threads: Annotated[int, typer.Option(min=0, help="Threads of a CPU; 0: all cores.")] = 0,
    cache: Annotated[
        str, typer.Option(help="Keep decoded pictures: ram, disk (beside data.yaml), none.")
    ] = "ram",
    evaluate_every: Annotated[int, typer.Option(min=1, help="Score each so many epochs.")] = 1,
    resume: Annotated[bool, typer.Option("--resume", help="Continue the run in --out.")] = False,
) -> None:
    """Train a small network by labels and by what a larger one says of the same pictures.

    The teacher has the same levels (yolov7 or yolov7x for tiny) and the same classes in the same
    order. From scratch, the student takes the teacher's anchors. The run is otherwise that of
    `train fit`, and what it leaves is the same.

    Example: python -m train distill --teacher runs/large/best.pt --data data/pets09/data.yaml
    --recipe scratch --epochs 20 --image-size 416 --out runs/distilled
    """
    student = named_model(model)
    side = checked_size(image_size, student.strides[-1])
    chosen = load_recipe(recipe).model_copy(update={"autoanchor": False})
    kind = one_of("--cache", cache, CACHE_KINDS)
    network, info = load_model(teacher)
    check_levels(network, student)
    check_classes(teacher, info, read_data_yaml(data).class_names, data)
    run_to_end(
        FitOptions(
            data=data,
            out=out,
            recipe=chosen,
            recipe_name=recipe,
            model=model,
            weights=weights,
            epochs=epochs,
            image_size=side,
            batch_size=batch_size,
            device=device,
            seed=seed,
            workers=workers,
            threads=threads,
            cache=kind,
            evaluate_every=evaluate_every,
            resume=resume,
            loss=Distillation(as_teacher(network), teacher_weight),
            anchors=network.anchors_px,
            facts={"teacher": teacher_fact(teacher, network, teacher_weight)},
        )
    )
