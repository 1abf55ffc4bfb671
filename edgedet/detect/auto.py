"""`backend: auto`: the fastest backend of this device, measured once and remembered."""

import importlib.metadata
import importlib.util
import logging
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path

from edgedet import __version__
from edgedet.detect.base import Detector
from edgedet.detect.contest import Contest, Maker, hold_contest
from edgedet.detect.cores import is_overloaded, usable_cores
from edgedet.detect.remembered import Choice, ChoiceStore, Facts
from edgedet.errors import ModelError, first_line
from edgedet.machine import machine_name
from edgedet.manifest import Bundle

logger = logging.getLogger(__name__)


def choose_detector(
    bundle: Bundle,
    makers: Mapping[str, Maker],
    facts: Facts,
    store: ChoiceStore,
) -> Detector:
    """The detector of the fastest backend, loaded.

    Args:
        bundle: The model.
        makers: What makes the detector of each backend that is installed, the preferred one first.
        facts: What the choice depends on.
        store: Where it is remembered.

    Raises:
        ModelError: If no backend works.
    """
    if len(makers) == 1:
        name, make = next(iter(makers.items()))
        logger.info("backend auto: %s, the only one that is installed", name)
        return make()
    was_busy = is_overloaded()
    remembered = store.load(facts)
    if remembered and (was_busy or not remembered[0].was_busy):
        detector = _recall(*remembered, makers)
        if detector is not None:
            return detector
    contest = hold_contest(bundle, makers, facts.max_batch)
    for name, reason in contest.skipped.items():
        logger.warning("backend auto: %s is left out: %s", name, reason)
    choice = Choice(
        facts=facts,
        measured_at=datetime.now(timezone.utc).replace(microsecond=0),
        backend=contest.winner.backend,
        timings=list(contest.timings),
        was_busy=was_busy,
    )
    _tell(choice, contest, _keep(choice, contest, store))
    return contest.winner


def facts_of(bundle: Bundle, modules: Mapping[str, str], threads: int, max_batch: int) -> Facts:
    """What a choice among the backends `modules` (module by backend) depends on, as it is now."""
    return Facts(
        bundle=bundle.digest,
        machine=machine_name(),
        cores=usable_cores(),
        threads=threads or usable_cores(),
        max_batch=max_batch,
        edgedet=__version__,
        libraries={name: _version(module) for name, module in modules.items()},
    )


def _recall(choice: Choice, path: Path, makers: Mapping[str, Maker]) -> Detector | None:
    """The detector that was chosen before; None if it does not load any more."""
    make = makers.get(choice.backend)
    if make is None:
        return None
    try:
        detector = make()
    except ModelError as exc:
        logger.warning(
            "backend auto: %s, remembered in %s, does not load any more (%s); measuring anew",
            choice.backend, path, first_line(exc),
        )  # fmt: skip
        return None
    logger.info(
        "backend auto: %s, as measured on %s (%s); remembered in %s, --remeasure measures anew",
        choice.backend, f"{choice.measured_at:%Y-%m-%d %H:%M}", _figures(choice), path,
    )  # fmt: skip
    return detector


def _keep(choice: Choice, contest: Contest, store: ChoiceStore) -> Path | None:
    """Remember a choice, unless a backend was left out: what ails it may be mended by then."""
    return None if contest.skipped else store.save(choice)


def _tell(choice: Choice, contest: Contest, path: Path | None) -> None:
    where = f"remembered in {path}" if path is not None else "not remembered"
    if choice.was_busy:
        where += "; other programs took the cores: measured anew at a start when they do not"
    logger.info(
        "backend auto: %s, measured in %.1f s (%s); %s",
        choice.backend, contest.seconds, _figures(choice), where,
    )  # fmt: skip


def _figures(choice: Choice) -> str:
    """As in `openvino 43.1 images/s, 24.0 ms for 1, 46.4 ms for 2; onnxruntime …`."""
    told = []
    for one in choice.timings:
        text = f"{one.backend} {one.images_per_s:.1f} images/s, {one.single_ms:.1f} ms for 1"
        told.append(text + (f", {one.batch_ms:.1f} ms for {one.batch}" if one.batch > 1 else ""))
    return "; ".join(told)


def _version(module: str) -> str:
    """The version of a library, without importing it; by its file's time where none is told."""
    try:
        return importlib.metadata.version(module)
    except importlib.metadata.PackageNotFoundError:
        pass  # distributions may have another name, as onnxruntime-gpu
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None or not spec.has_location:
        return "unknown"
    return f"of {Path(spec.origin).stat().st_mtime:.0f}"
