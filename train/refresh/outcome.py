"""The last step of a refresh: both bundles compared, a verdict, the report, and the new bundle."""

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from edgedet.errors import DataError
from edgedet.files import write_whole
from edgedet.manifest import Bundle, read_bundle
from train.data.dataset import Sample, read_data_yaml
from train.data.description import load_description, picture_name
from train.evaluate import PictureResult
from train.export.staging import replacing
from train.quantize.bundle import add_report
from train.refresh.compare import Answers, ask, compare
from train.refresh.figures import SetComparison
from train.refresh.gallery import Differences, find_differences
from train.refresh.gathering import merged_yaml, scored_yaml
from train.refresh.newest import NEWEST
from train.refresh.options import RefreshOptions
from train.refresh.page import PageContent, write_refresh_page
from train.refresh.provenance import provenance_of
from train.refresh.verdict import Verdict, judge

SCHEMA = "edgedet.refresh/1"


@dataclass(frozen=True, slots=True)
class Candidate:
    """The deployed bundle and the one that may take its place."""

    deployed: Bundle
    new: Bundle


@dataclass(frozen=True, slots=True, eq=False)
class _Compared:
    """Both models on one set."""

    figures: SetComparison
    old: Answers
    new: Answers

    def differences(self) -> Differences:
        scores = self.figures.old_at.threshold, self.figures.new_at.threshold
        return find_differences(self.old.results, self.new.results, scores, self.new.class_names)


def conclude(
    options: RefreshOptions,
    out: Path,
    pair: Candidate,
    facts: Mapping[str, Mapping[str, object]],
    refused_by_gate: str,
) -> dict[str, object]:
    """Compare, judge, write `report.html` and `report.json`, and `bundle` if it is accepted.

    Args:
        options: What was asked.
        out: The folder of the refresh.
        pair: The deployed bundle and the new one.
        facts: What the steps before have found, by their names.
        refused_by_gate: What the gate of quantization said against INT8, if it did.

    Raises:
        DataError: if a picture cannot be read, or something not be written.
        ModelError: if a bundle cannot be run.
    """
    frozen = _compare("frozen test set", scored_yaml(out), "val", pair, options.backend)
    sets = [frozen]
    if read_data_yaml(merged_yaml(out)).splits.get(NEWEST):
        sets.append(_compare("newest frames", merged_yaml(out), NEWEST, pair, options.backend))
    newest = sets[1].figures if len(sets) > 1 else None
    verdict = judge(frozen.figures, newest, options.bounds, refused_by_gate)
    verdict = replace(verdict, remarks=(*verdict.remarks, *_learned_by_heart(facts)))
    if verdict.accepted:
        _place_bundle(out / "bundle", pair.new, frozen, options)
    report = _report(pair, verdict, [one.figures for one in sets], facts)
    _write_json(out / "report.json", report)
    content = PageContent(
        old=pair.deployed.manifest,
        new=pair.new.manifest,
        verdict=verdict,
        sets=[(one.figures, one.differences()) for one in sets],
        facts=facts,
        conditions={
            "backend": frozen.new.report.backend,
            "machine": frozen.new.report.machine,
            "deployed bundle": f"{pair.deployed.folder} ({pair.deployed.digest[:12]})",
        },
    )
    write_refresh_page(out / "report.html", content)
    return {
        "accepted": verdict.accepted,
        "reasons": list(verdict.reasons),
        "remarks": list(verdict.remarks),
    }


def _compare(title: str, data_yaml: Path, split: str, pair: Candidate, backend: str) -> _Compared:
    spec, description = read_data_yaml(data_yaml), load_description(data_yaml)
    samples: Sequence[Sample] = spec.samples(split)

    def camera_of(result: PictureResult) -> str:
        return provenance_of(picture_name(description, result.sample.path)).source_id

    old = ask(pair.deployed, samples, spec.class_names, backend)
    new = ask(pair.new, samples, spec.class_names, backend)
    return _Compared(compare(title, old, new, camera_of), old, new)


def _learned_by_heart(facts: Mapping[str, Mapping[str, object]]) -> list[str]:
    """A remark if the deployed model was trained on pictures of the frozen set."""
    seen = facts["merge"].get("learned")
    if not seen:
        return []
    told = (
        f"{seen} training pictures of the previous set are in the frozen test set, or look like "
        "one there: the deployed model has learned them, so it scores too well; choose another set"
    )
    return [told]


def _report(
    pair: Candidate,
    verdict: Verdict,
    sets: Sequence[SetComparison],
    facts: Mapping[str, Mapping[str, object]],
) -> dict[str, object]:
    return {
        "schema": SCHEMA,
        "accepted": verdict.accepted,
        "reasons": list(verdict.reasons),
        "remarks": list(verdict.remarks),
        "old": _about(pair.deployed),
        "new": _about(pair.new),
        **{one.title.replace(" ", "_"): one.to_json() for one in sets},
        "steps": {name: dict(found) for name, found in facts.items()},
    }


def _about(bundle: Bundle) -> dict[str, object]:
    manifest = bundle.manifest
    return {
        "name": manifest.name,
        "version": manifest.version,
        "precision": manifest.precision,
        "classes": manifest.class_names,
        "digest": bundle.digest,
    }


def _place_bundle(target: Path, bundle: Bundle, frozen: _Compared, options: RefreshOptions) -> None:
    """Copy the accepted bundle to its place, a float one with what it scores on the frozen set."""
    try:
        with replacing(target) as folder:
            shutil.copytree(bundle.folder, folder, dirs_exist_ok=True)
            if bundle.manifest.precision != "int8":  # INT8 has the report of its gate
                about = {"data": str(options.test), "split": frozen.figures.title}
                report = frozen.new.report
                add_report(read_bundle(folder), report.to_json() | about, report)
    except OSError as exc:
        msg = f"cannot write {target}: {exc.strerror or exc}; the same command goes on from here"
        raise DataError(msg) from exc


def _write_json(path: Path, content: Mapping[str, object]) -> None:
    text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    try:
        write_whole(path, text.encode())
    except OSError as exc:
        msg = f"cannot write {path}: {exc.strerror or exc}; the same command goes on from here"
        raise DataError(msg) from exc
