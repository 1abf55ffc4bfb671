"""What makes a training run one of INT8: a folded network that rounds, scales, and a teacher."""

import copy
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import onnx
from rich.console import Console
from rich.progress import Progress

from edgedet.errors import ModelError, UsageError
from edgedet.files import write_atomically
from train.commands.fit_options import FitOptions
from train.commands.teacher import check_classes, teacher_fact
from train.data.dataset import read_data_yaml
from train.engine import Scores
from train.engine.run_folder import RunFolder
from train.engine.world import World
from train.export.onnx import export_onnx
from train.export.origin import read_origin
from train.loss.distillation import Distillation, as_teacher
from train.model import DetectionNetwork, fuse, load_model, read_checkpoint
from train.model.saving import write_error
from train.model.weights import read_architecture
from train.quantize.baseline import ORIGIN_DIGEST_KEY, file_digest
from train.quantize.calibrate import Calibrator
from train.quantize.fake_quantization import fake_quantize
from train.quantize.pictures import DEFAULT_COUNT, letterboxed, spread
from train.quantize.scale_table import (
    METADATA_KEY,
    SCALES_FILE,
    Method,
    ScaleTable,
    read_scale_table,
)

_TEACHER_WEIGHT = 1.0
_METHOD: Method = "histogram-mse"
# facts of the table: what the float network scored on val, which training as INT8 should come near
_FLOAT_AP50, _FLOAT_AP = _OF_A_RUN = ("float_ap50", "float_ap")


@dataclass(frozen=True, slots=True)
class QuantizedStart:
    """How a run of INT8 begins.

    Attributes:
        options: Those of the run, with the teacher's loss, and facts about teacher and scales.
        told: Lines for a person.
    """

    options: FitOptions
    told: tuple[str, ...]


def own_model(weights: Path) -> tuple[str, int]:
    """The member of the family that a checkpoint is, and the side of pictures it was trained at.

    Raises:
        ModelError: if it cannot be read.
        UsageError: if it says a size that is none.
    """
    name = read_architecture(read_checkpoint(weights)).name
    return name, read_origin(weights).image_size


def check_options(options: FitOptions) -> None:
    """Refuse what makes no sense with, or without, quantization-aware training.

    Raises:
        UsageError: if there is such an option.
    """
    problem = ""
    if options.qat and options.weights is None:
        problem = (
            "--qat makes a trained network stand INT8: give it with --weights, as best.pt of a run"
        )
    elif options.qat and options.sync_bn:
        problem = "--qat trains a folded network, which normalises nothing: leave out --sync-bn"
    elif options.calibration is not None and not options.qat:
        problem = "--calibration has the scales of quantization-aware training: use it with --qat"
    if problem:
        raise UsageError(problem)


def float_network(
    options: FitOptions, class_names: tuple[str, ...], told: list[str]
) -> DetectionNetwork:
    """The network that is to be INT8, folded, in float still; `told` gets a line if need be.

    Raises:
        ModelError: if the checkpoint cannot be used, is another member, or knows other classes.
    """
    assert options.weights is not None  # noqa: S101 - see `check_options`
    network, info = load_model(options.weights)
    if network.architecture.name != options.model:
        msg = (
            f"{options.weights} is a {network.architecture.name}, --model says {options.model}: "
            "quantization-aware training keeps the network; give its own --model"
        )
        raise ModelError(msg)
    check_classes(options.weights, info, class_names, options.data)
    trained_px = info.metadata.get("image_size", options.image_size)
    if trained_px != options.image_size:
        told.append(
            f"warning: {options.weights} was trained at {trained_px} px, --image-size says "
            f"{options.image_size}: scales and scores are those of {options.image_size} px"
        )
    return fuse(network)


def as_stored(
    score: Callable[[DetectionNetwork], Scores],
) -> Callable[[DetectionNetwork], Scores]:
    """`score` for a network as `best.pt` holds it: in float16.

    Where all is rounded to INT8 afterwards, that moves AP by up to 0.6 points either way.
    """

    def scored(network: DetectionNetwork) -> Scores:
        stored = copy.deepcopy(network)
        for value in stored.state_dict().values():
            if value.is_floating_point():
                value.copy_(value.half())
        return score(stored)

    return scored


def start_quantized(
    network: DetectionNetwork,
    options: FitOptions,
    folder: RunFolder,
    world: World,
    score: Callable[[DetectionNetwork], Scores],
) -> QuantizedStart:
    """Make `network` compute as INT8, in place, and learn from what it was.

    The scales lie in the run's folder as `calibration.json`, so that a resumed run has the same.

    Args:
        network: From `float_network`, on the device where it is scored.
        options: Of the run.
        folder: Of the run.
        world: The processes of the run; the first one finds the scales.
        score: Scores a network on the validation pictures.

    Raises:
        EdgedetError: if no scales can be found, or they are of another network.
    """
    assert options.weights is not None  # noqa: S101 - see `check_options`
    plain = fuse(network)
    table = world.from_first(lambda: _scales(network, options, folder))
    fake_quantize(network, table)
    line = (
        f"{options.weights}: {len(table.inputs)} convolutions as INT8, "
        f"{len(table.left_in_float)} left in float; scales in {folder.folder / SCALES_FILE}"
    )
    told = [line]
    if _FLOAT_AP not in table.facts:
        before, after = score(plain), score(network)
        told.append(
            f"on val, before training: {_shown(before)} in float, {_shown(after)} as INT8; "
            "from here on scores are those of INT8"
        )
        table = _with_scores(table, before)
    if world.is_first:
        _save(table, folder.folder / SCALES_FILE)
    made = {
        ORIGIN_DIGEST_KEY: file_digest(options.weights),
        "teacher": teacher_fact(options.weights, plain, _TEACHER_WEIGHT),
        "calibration_sha256": table.digest,
        "scored_as": "INT8, rounded as the graph of `train quantize` will",
        METADATA_KEY: table.to_json(),
    }
    loss = Distillation(as_teacher(plain), _TEACHER_WEIGHT)
    facts_of_run = dict(options.facts) | made
    return QuantizedStart(replace(options, loss=loss, facts=facts_of_run), tuple(told))


def _with_scores(table: ScaleTable, scores: Scores) -> ScaleTable:
    found = {_FLOAT_AP50: round(scores.ap50, 4), _FLOAT_AP: round(scores.ap, 4)}
    return replace(table, facts=dict(table.facts) | found)


def _shown(scores: Scores) -> str:
    return f"AP@50 {scores.ap50:.4f}, AP@50:95 {scores.ap:.4f}"


def _scales(network: DetectionNetwork, options: FitOptions, folder: RunFolder) -> ScaleTable:
    """Those that the run began with, those that were asked for, or new ones.

    Raises:
        ModelError: if a resumed run is asked to use others than it began with.
    """
    path = folder.folder / SCALES_FILE
    began = read_scale_table(path) if options.resume and path.is_file() else None
    if options.calibration is not None:
        given = options.calibration
        found = read_scale_table(given / SCALES_FILE if given.is_dir() else given)
    else:
        found = began or _calibrate(network, options)
    if began is None:
        known = {key: value for key, value in found.facts.items() if key not in _OF_A_RUN}
        facts = {"calibrator": found.method} | known
        return ScaleTable("qat", found.inputs, found.left_in_float, facts)
    if (began.inputs, began.left_in_float) != (found.inputs, found.left_in_float):
        msg = (
            f"cannot resume: the run has the scales of {path}, {options.calibration} has others; "
            "leave out --calibration, or start a new run folder"
        )
        raise ModelError(msg)
    return began


def _save(table: ScaleTable, path: Path) -> None:
    try:
        write_atomically(path, table.save)
    except OSError as exc:
        raise write_error(path, exc) from exc


def _calibrate(network: DetectionNetwork, options: FitOptions) -> ScaleTable:
    """Scales from the training pictures, as the device sees them."""
    spec = read_data_yaml(options.data)
    chosen = spread(spec.samples("train"), DEFAULT_COUNT)
    input_hw = (options.image_size, options.image_size)
    with TemporaryDirectory(prefix="edgedet-") as folder:
        path = Path(folder) / "model.onnx"
        export_onnx(network, path, input_hw)
        calibrator = Calibrator(onnx.load(path), options.threads)
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("calibrating", total=len(chosen))
        calibrator.watch(letterboxed(chosen, input_hw), lambda count: bar.advance(task, count))
    return calibrator.table(_METHOD, facts={"data_id": spec.digest(), "split": "train"})
