"""From a float model to an INT8 bundle that was measured before it may leave."""

import logging
from collections.abc import Sequence
from pathlib import Path

import onnx
from pydantic import ValidationError

from edgedet.errors import ModelError, UsageError
from edgedet.manifest import WEIGHTS_FILE, Manifest, read_bundle
from train.data.cache import cache_folder
from train.data.dataset import DataSpec, read_data_yaml
from train.evaluate import EvaluationReport, EvaluationSample
from train.export.bundle import manifest_error
from train.export.staging import check_target, staged
from train.quantize.baseline import open_baseline
from train.quantize.bundle import add_report
from train.quantize.gate import Attempt, GateRefusedError, passes, refusal, worst
from train.quantize.options import Outcome, QuantizeOptions
from train.quantize.pictures import letterboxed, spread
from train.quantize.progress import Stages, silent
from train.quantize.scale_table import Fact, ScaleTable
from train.quantize.scales import by_hand, scales_of
from train.quantize.scoring import HeldOut, scoring_backends
from train.quantize.search import fewest_in_float
from train.quantize.sensitivity import rank
from train.quantize.source import Wishes, open_source
from train.quantize.summary import report_json, sizes_json
from train.quantize.trial import Bench, Trial

logger = logging.getLogger(__name__)

_RANKED_WITH = 16  # pictures
_AT_ONCE = 4


def quantize(options: QuantizeOptions, stages: Stages = silent) -> Outcome:
    """Write the INT8 bundle, if it costs no more than the budget.

    Raises:
        DataError: If the data cannot be used, or calibration pictures are not what the model knows.
        ModelError: If the model cannot be used, or INT8 loses more than the budget; then nothing is
            written.
        UsageError: If a layer or backend is not there.
    """
    backends = scoring_backends(options.backend)
    if not backends:
        msg = f"--backend {options.backend}: it runs no INT8 graph here; try auto"
        raise UsageError(msg)
    check_target(options.out)
    spec = read_data_yaml(options.data)
    with (
        open_source(options.weights, options.wishes) as source,
        open_baseline(source, options.against) as baseline,
    ):
        manifest = _manifest(source.bundle.manifest, options.wishes)
        _check_names(manifest, spec, options.weights)
        held_out = HeldOut(spec.samples(options.split), spec.class_names, manifest.thresholds.iou)
        pictures: list[EvaluationSample] = list(spec.samples("train"))
        facts: dict[str, Fact] = {"data_id": spec.digest(), "split": "train"}
        table = scales_of(source, pictures, held_out.samples, options, stages, facts)
        table = table.without(by_hand(options.float_layers, table))
        with staged(options.out) as folder:
            fp32 = onnx.load(source.bundle.model_path)
            bench = Bench(source, baseline, fp32, manifest, folder, held_out, backends, stages)
            found = _within_budget(bench, table, options, pictures)
            report = report_json(found.comparisons, found.table, options.budget_points)
            report |= sizes_json(source.bundle, found.bundle)
            report |= {"data_id": spec.digest(), "split": options.split}
            add_report(found.bundle, report, worst(found.comparisons).int8)
    return Outcome(read_bundle(options.out), found.comparisons, found.table, report)


def _within_budget(
    bench: Bench, table: ScaleTable, options: QuantizeOptions, pictures: Sequence[EvaluationSample]
) -> Trial:
    """The first trial that stays inside the budget: with `table`, or with what a search finds.

    Raises:
        GateRefusedError: If there is none.
    """
    floats = bench.score_float()
    trial = bench.attempt(table, floats)
    budget = options.budget_points
    if options.search and not passes(trial.comparisons, budget):
        trial = _search(bench, trial, floats, pictures, options)
    if not passes(trial.comparisons, budget):
        attempt = Attempt(
            command=options.command,
            method=table.method,
            pictures=int(table.facts.get("pictures", 0)),
            available=len(pictures),
            was_searched=options.search,
            weights=str(_checkpoint(options.weights)),
            data=str(options.data),
        )
        raise GateRefusedError(refusal(trial.comparisons, budget, attempt))
    return trial


def _checkpoint(weights: Path) -> Path:
    """What `fit --qat` can begin from: the file that was given, or the one in the bundle."""
    return weights / WEIGHTS_FILE if weights.is_dir() else weights


def _search(
    bench: Bench,
    first: Trial,
    floats: Sequence[EvaluationReport],
    pictures: Sequence[EvaluationSample],
    options: QuantizeOptions,
) -> Trial:
    """A trial with the fewest layers in float; `first` if half of them would not be enough."""
    table = first.table
    shown = spread(pictures, _RANKED_WITH)
    images = list(letterboxed(shown, bench.source.bundle.input_hw, _AT_ONCE))
    step = bench.stages("measure layers", len(table.inputs))
    ranked = rank(bench.fp32, table, images, cache_folder(options.data), step)
    errors = {one.name: one.error for one in ranked}
    tried: dict[tuple[str, ...], Trial] = {}

    def drop(names: tuple[str, ...]) -> float:
        reasons = {
            name: f"sensitive: alone it changes the outputs by {100 * errors[name]:.1f} %"
            for name in names
        }
        tried[names] = bench.attempt(table.without(reasons), floats)
        points = worst(tried[names].comparisons).drop_points
        logger.info("%d layers in float: %.2f points lost", len(names), points)
        return points

    found = fewest_in_float([one.name for one in ranked], drop, options.budget_points)
    if found is None:
        return first
    # written again: the folder holds what was tried last
    return bench.attempt(tried[found.names].table, floats)


def _manifest(like: Manifest, wishes: Wishes) -> Manifest:
    """The float bundle's manifest with what was wished otherwise.

    Raises:
        ModelError: If a wish cannot be written.
    """
    changes: dict[str, object] = {
        "name": wishes.name,
        "thresholds": wishes.thresholds(like.thresholds),
    }
    if wishes.version is not None:
        changes["version"] = wishes.version
    if wishes.note and like.training is not None:
        changes["training"] = like.training.model_copy(update={"note": wishes.note})
    try:
        return Manifest.model_validate(like.model_copy(update=changes).model_dump(by_alias=True))
    except ValidationError as exc:
        raise manifest_error(exc) from exc


def _check_names(manifest: Manifest, spec: DataSpec, weights: Path) -> None:
    if tuple(manifest.class_names) != spec.class_names:
        msg = (
            f"{weights} knows the classes {manifest.class_names}, {spec.path} has "
            f"{list(spec.class_names)}; give the data that it was trained on"
        )
        raise ModelError(msg)
