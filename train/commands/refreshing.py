"""A refresh from its options to its verdict: steps, each with a stamp when it is done."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import typer
from rich.console import Console

from edgedet.errors import DataError, ModelError
from edgedet.manifest import Bundle, read_bundle, verify_file
from train.commands.check import print_audit
from train.commands.fit_options import FitOptions
from train.commands.quantization_aware import own_model
from train.commands.quantize import quiet_detectors, shown_stages
from train.commands.running import run_to_end
from train.config import load_recipe
from train.data.dataset import read_data_yaml
from train.export.bundle import export_bundle
from train.export.origin import read_origin
from train.quantize.gate import GateRefusedError
from train.quantize.job import quantize
from train.quantize.options import QuantizeOptions
from train.quantize.source import Wishes
from train.refresh.gathering import (
    CHECK,
    LABELS,
    MERGE,
    audit_facts,
    check_merged,
    merge_sets,
    merged_yaml,
    scored_yaml,
    take_labels,
)
from train.refresh.journal import Journal
from train.refresh.options import RefreshOptions, epochs_for, next_version
from train.refresh.outcome import Candidate, conclude

FIT, EXPORT, QUANTIZE, VERDICT = "fit", "export", "quantize", "verdict"
Facts = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class _Work:
    """What every step needs to know."""

    options: RefreshOptions
    deployed: Bundle
    weights: Path
    journal: Journal
    console: Console

    def say(self, text: str) -> None:
        self.console.print(text, markup=False, highlight=False, soft_wrap=True)

    def step(self, name: str, run: Callable[[], Facts]) -> Facts:
        """What the step found, now or before."""
        found = self.journal.found(name)
        if found is not None:
            return found
        self.say(f"-- {name}")
        found = dict(run())
        self.journal.stamp(name, found)
        return found


def refresh_to_end(options: RefreshOptions, api_key: Callable[[], str]) -> bool:
    """Whether a new bundle was made; everything else is in the folder `options.out`.

    Args:
        options: What is asked.
        api_key: Gives Roboflow's key; called if a version has to be downloaded.

    Raises:
        EdgedetError: if a step fails; the same call goes on from there.
        Exit: with 1, if the merged set has problems.
    """
    deployed = read_bundle(options.model)
    weights = _weights(deployed, options.weights)
    load_recipe(options.recipe)
    journal = Journal(options.out, options.request(deployed.digest))
    work = _Work(options, deployed, weights, journal, Console(stderr=True))
    if journal.is_resumed:
        work.say(f"going on with the refresh in {options.out}")
    facts = {
        LABELS: work.step(LABELS, lambda: take_labels(options, journal, api_key())),
        MERGE: work.step(MERGE, lambda: merge_sets(options, journal, deployed)),
    }
    _tell_merged(work, facts)
    facts[CHECK] = work.step(CHECK, lambda: _check(work))
    facts[FIT] = work.step(FIT, lambda: _fit(work))
    facts[EXPORT] = work.step(EXPORT, lambda: _export(work))
    if deployed.manifest.precision == "int8":
        facts[QUANTIZE] = work.step(QUANTIZE, lambda: _quantize(work))
    verdict = work.step(VERDICT, lambda: _conclude(work, facts))
    return _tell_verdict(work, verdict)


def _weights(deployed: Bundle, given: Path | None) -> Path:
    """The checkpoint to fine-tune from.

    Raises:
        ModelError: if there is none, or it is damaged.
    """
    if given is not None:
        return given
    if deployed.entry(deployed.weights_path.name) is None:
        msg = f"bundle '{deployed.folder}' has no weights.pt; give its checkpoint with --weights"
        raise ModelError(msg)
    verify_file(deployed, deployed.weights_path.name)
    return deployed.weights_path


def _check(work: _Work) -> Facts:
    found = check_merged(work.journal, max(work.deployed.input_hw))
    if any(each.severity != "note" for each in found.findings):
        print_audit(work.console, found)
    if found.has_problems and not work.options.force:
        work.journal.forget(LABELS, MERGE)  # what is mended has to be read anew
        work.say(
            "refused: mend these, and give the same command again; --force goes on all the same"
        )
        raise typer.Exit(1)
    return audit_facts(found)


def _fit(work: _Work) -> Facts:
    options, folder = work.options, work.journal.folder / FIT
    is_begun = (folder / "last.pt").is_file() or (folder / "recipe.yaml").is_file()
    if not is_begun:
        work.journal.fresh(FIT)
    data = merged_yaml(work.journal.folder)
    pictures = len(read_data_yaml(data).splits["train"])
    epochs = options.epochs or epochs_for(pictures)
    recipe = load_recipe(options.recipe)
    run_to_end(
        FitOptions(
            data=data,
            out=folder,
            # anchors are part of what a network knows: with others it would know nothing
            recipe=recipe.model_copy(update={"autoanchor": False}),
            recipe_name=options.recipe,
            model=own_model(work.weights)[0],
            weights=work.weights,
            epochs=epochs,
            image_size=max(work.deployed.input_hw),
            batch_size=min(options.batch_size, pictures),
            device=options.device,
            seed=options.seed,
            workers=options.workers,
            threads=options.threads,
            resume=is_begun,
            facts={"refreshed_from": work.deployed.digest},
        ),
        again="the same command",
    )
    return {"epochs": epochs, "pictures": pictures, "recipe": options.recipe}


def _export(work: _Work) -> Facts:
    manifest = work.deployed.manifest
    note = "" if manifest.training is None else manifest.training.note or ""
    weights = work.journal.folder / FIT / "best.pt"
    bundle = export_bundle(
        weights,
        work.journal.fresh("float"),
        name=manifest.name,
        version=work.options.version or next_version(manifest.version),
        image_size=work.deployed.input_hw,
        thresholds=manifest.thresholds,
        facts=read_origin(weights, max(work.deployed.input_hw), note).facts,
    )
    return {"bundle": "float", "digest": bundle.digest}


def _quantize(work: _Work) -> Facts:
    """INT8, as the deployed model is; or what the gate says against it."""
    folder = work.journal.folder
    options = QuantizeOptions(
        weights=folder / "float",
        data=scored_yaml(folder),
        out=work.journal.fresh("int8"),
        wishes=Wishes(name=work.deployed.manifest.name),
        budget_points=work.options.int8_budget,
        search=True,
        force=work.options.force,
    )
    try:
        with quiet_detectors(), shown_stages(work.console) as stages:
            outcome = quantize(options, stages)
    except GateRefusedError as exc:
        return {"refused": str(exc).splitlines()[0]}
    return {"bundle": "int8", "digest": outcome.bundle.digest, "report": outcome.report}


def _conclude(work: _Work, facts: dict[str, Facts]) -> Facts:
    gate = str(facts.get(QUANTIZE, {}).get("refused", ""))
    is_int8 = QUANTIZE in facts and not gate
    with quiet_detectors():
        return conclude(
            work.options,
            work.journal.folder,
            Candidate(
                work.deployed, read_bundle(work.journal.folder / ("int8" if is_int8 else "float"))
            ),
            facts,
            gate,
        )


def _tell_merged(work: _Work, facts: dict[str, Facts]) -> None:
    merge = facts[MERGE]
    pictures, of_new = merge["pictures"], merge["of_new"]
    if not isinstance(pictures, dict) or not isinstance(of_new, dict):
        msg = f"{work.journal.folder}/steps/{MERGE}.json is damaged; choose another --out"
        raise DataError(msg)
    what = ", ".join(f"{count} {split}" for split, count in pictures.items())
    left = "; ".join(f"{count} {text}" for text, count in of_new.items())
    work.say(
        f"new: {facts[LABELS]['pictures']} pictures, {facts[LABELS]['how']}; {left or 'all taken'}"
    )
    work.say(f"merged: {what} (test: the newest, held out); id {str(merge['merged_id'])[:12]}")


def _tell_verdict(work: _Work, verdict: Facts) -> bool:
    folder = work.journal.folder
    accepted = verdict.get("accepted") is True
    lines = [f"accepted: {folder / 'bundle'}" if accepted else "refused: the deployed model stays"]
    reasons, remarks = verdict.get("reasons"), verdict.get("remarks")
    lines += [f"  {text}" for text in (reasons if isinstance(reasons, list) else [])]
    lines += [f"  note: {text}" for text in (remarks if isinstance(remarks, list) else [])]
    lines.append(f"report: {folder / 'report.html'}")
    lines.append(f"next time: --previous {merged_yaml(folder)}")
    work.say("\n".join(lines))
    return accepted
