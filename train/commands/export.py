"""`train export`: a checkpoint becomes the bundle that a device runs."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from edgedet.errors import UsageError
from edgedet.manifest import Thresholds
from train.commands.foreign import BUNDLE, export_foreign
from train.commands.options import checked_size, one_of
from train.commands.own_engine import build_own_engine
from train.data.dataset import read_data_yaml
from train.evaluate import EvaluationReport, EvaluationSettings, evaluate, open_predictor
from train.export.bundle import export_bundle
from train.export.origin import read_origin
from train.formats import FORMATS
from train.quantize.scale_table import METADATA_KEY


def export(  # noqa: PLR0913 - the options of the command
    weights: Annotated[Path, typer.Option(help="The checkpoint, as best.pt of a run.")],
    out: Annotated[Path, typer.Option(help="Folder of the bundle; one that is there is replaced.")],
    name: Annotated[str | None, typer.Option(help="Name; default: the folder's.")] = None,
    version: Annotated[str, typer.Option(help="Version of the model.")] = "1",
    image_size: Annotated[
        int | None, typer.Option(help="Side of the input; default: as trained.")
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="data.yaml whose val split goes into the report.")
    ] = None,
    score_threshold: Annotated[
        float, typer.Option(min=0, max=1, help="Default on devices.")
    ] = 0.25,
    iou_threshold: Annotated[float, typer.Option(min=0, max=1, help="Default on devices.")] = 0.45,
    note: Annotated[str, typer.Option(help="A remark for the manifest, as on licences.")] = "",
    file_format: Annotated[
        str,
        typer.Option(
            "--format", help=f"bundle, for edgedet; or {', '.join(FORMATS)} for other programs."
        ),
    ] = BUNDLE,
    engine: Annotated[
        bool, typer.Option("--engine", help="Also build a TensorRT engine, for this GPU only.")
    ] = False,
) -> None:
    """Write a model bundle, checked against the checkpoint on every backend that is here.

    With --format a file for another runtime instead, compared with the checkpoint on pictures of
    --data.

    Example: python -m train export --weights runs/pets09/best.pt --out models/person
    """
    origin = read_origin(weights, image_size, note)
    side = checked_size(origin.image_size)
    if METADATA_KEY in origin.metadata:
        Console(stderr=True).print(
            f"warning: {weights} was trained to be INT8, and what is written here is float, in "
            "which it may find less; `train quantize` makes its INT8 bundle",
            markup=False,
            soft_wrap=True,
        )
    chosen = one_of("--format", file_format, (BUNDLE, *FORMATS))
    if chosen != BUNDLE:
        if engine:
            msg = f"--engine is built from a bundle; leave --format {chosen} out"
            raise UsageError(msg)
        export_foreign(weights, out, chosen, name or out.resolve().name, side, data)
        return
    bundle = export_bundle(
        weights,
        out,
        name=name or out.resolve().name,
        version=version,
        image_size=(side, side),
        thresholds=Thresholds(score=score_threshold, iou=iou_threshold),
        report=None if data is None else _score(weights, data, side, iou_threshold),
        facts=origin.facts,
    )
    size_mb = bundle.model_path.stat().st_size / 1e6
    Console(stderr=True).print(
        f"{out}: {bundle.manifest.name} version {bundle.manifest.version}, {side} px, "
        f"classes {', '.join(bundle.manifest.class_names)}, model.onnx {size_mb:.1f} MB, "
        f"sha256 {bundle.digest[:12]}",
        markup=False,
        soft_wrap=True,
    )
    if engine:
        build_own_engine(bundle, out)


def _score(weights: Path, data: Path, side: int, iou_threshold: float) -> EvaluationReport:
    spec = read_data_yaml(data)
    predictor, _ = open_predictor(weights, (side, side))
    settings = EvaluationSettings(iou_threshold=iou_threshold)
    return evaluate(predictor, spec.samples("val"), spec.class_names, settings)
