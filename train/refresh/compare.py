"""The old and the new bundle on the same pictures, through the code that runs on the device."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgedet.manifest import Bundle
from train.evaluate import (
    BundlePredictor,
    EvaluationReport,
    EvaluationSample,
    EvaluationSettings,
    PictureResult,
    evaluate,
)
from train.evaluate.backends import bundle_backends
from train.refresh.figures import AtThreshold, Line, SetComparison
from train.refresh.resampling import ClassEvidence, gain_interval, gather, mean_ap

_AT_50 = slice(0, 1)
UNNAMED_CAMERA = "(not named)"


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """What a bundle found in pictures, in their order, and the evaluation's own report."""

    bundle: Bundle
    results: list[PictureResult]
    report: EvaluationReport

    @property
    def class_names(self) -> list[str]:
        """What the bundle knows."""
        return self.bundle.manifest.class_names


def ask(
    bundle: Bundle,
    samples: Sequence[EvaluationSample],
    class_names: Sequence[str],
    backend: str = "auto",
    batch_size: int = 8,
) -> Answers:
    """Run `bundle` on pictures with the NMS threshold that its manifest says.

    Args:
        bundle: The old or the new one.
        samples: Pictures; their class ids count `class_names`.
        class_names: Those of the bundle, and others behind them.
        backend: What runs it; auto is the first that is here, the same for all bundles.
        batch_size: Pictures at once.

    Raises:
        DataError: If a picture cannot be read.
        ModelError: If the backend is not here, or fails.
    """
    results: list[PictureResult] = []
    chosen = bundle_backends()[0] if backend == "auto" else backend
    settings = EvaluationSettings(
        iou_threshold=bundle.manifest.thresholds.iou, batch_size=batch_size
    )
    predictor = BundlePredictor(bundle, chosen, max_batch=batch_size)  # type: ignore[arg-type]
    try:
        report = evaluate(predictor, samples, class_names, settings, results.append)
    finally:
        predictor.close()
    return Answers(bundle, results, report)


def compare(
    title: str, old: Answers, new: Answers, camera_of: Callable[[PictureResult], str]
) -> SetComparison:
    """Both models side by side; `camera_of` says where a picture comes from, empty: not known."""
    known, all_names = len(old.class_names), new.class_names
    before, after = gather(old.results, len(all_names)), gather(new.results, len(all_names))
    cameras = np.array([camera_of(one) or UNNAMED_CAMERA for one in new.results])
    everywhere = np.ones(len(cameras), dtype=np.bool_)
    both = (before[:known], after[:known])
    return SetComparison(
        title=title,
        whole=_line("all", both, everywhere),
        ap50=_line("all", both, everywhere, _AT_50),
        classes=tuple(
            _line(name, ([before[place]], [after[place]]), everywhere, is_known=place < known)
            for place, name in enumerate(all_names)
            if after[place].truths.sum()
        ),
        cameras=tuple(_line(name, both, cameras == name) for name in sorted(set(cameras.tolist()))),
        old_at=_at(old, before),
        new_at=_at(new, after),
    )


def _line(
    name: str,
    both: tuple[Sequence[ClassEvidence], Sequence[ClassEvidence]],
    among: NDArray[np.bool_],
    thresholds: slice = slice(None),
    *,
    is_known: bool = True,
) -> Line:
    old, new = both
    weights = among.astype(np.int64)
    objects = sum(int(one.truths @ weights) for one in new)
    before, after = mean_ap(old, weights, thresholds), mean_ap(new, weights, thresholds)
    is_compared = is_known and objects > 0
    has_interval = is_compared and thresholds == slice(None)
    return Line(
        name=name,
        pictures=int(weights.sum()),
        objects=objects,
        old=before if is_compared else None,
        new=0.0 if np.isnan(after) else after,
        interval=gain_interval(old, new, among) if has_interval else None,
    )


def _at(answers: Answers, evidence: Sequence[ClassEvidence]) -> AtThreshold:
    """Precision and recall of the classes that the bundle knows, at its own threshold."""
    threshold = answers.bundle.manifest.thresholds.score
    own = evidence[: len(answers.class_names)]
    total, right = (sum(each) for each in zip(*(one.at(threshold) for one in own), strict=True))
    objects = sum(int(one.truths.sum()) for one in own)
    return AtThreshold(threshold, right / total if total else 0.0, right / max(objects, 1))
