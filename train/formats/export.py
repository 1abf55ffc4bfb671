"""A checkpoint as a file for another runtime, compared with the checkpoint before it appears."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgedet.errors import ModelError
from train.export.bundle import checked_names
from train.export.graph import CandidateGraph
from train.export.onnx import export_onnx
from train.export.parity import compare_with_network, pattern_images, reference_candidates, rounded
from train.export.staging import replacing
from train.formats.base import Origin
from train.formats.facts import FACTS_FILE, Check, ExportFacts, write_facts
from train.formats.registry import FORMATS, Format
from train.model import DetectionNetwork, load_model

_PATTERNS, _SEED = 4, 2022


@dataclass(frozen=True, slots=True, eq=False)
class CheckPictures:
    """Letterboxed pictures uint8 (N, H, W, 3) to compare on, and what they are in words."""

    images_nhwc: NDArray[np.uint8]
    told: str


def export_format(  # noqa: PLR0913 - what a description has to say
    weights: Path,
    out: Path,
    format_name: str,
    *,
    name: str,
    image_hw: tuple[int, int],
    pictures: CheckPictures | None = None,
    class_names: Sequence[str] = (),
) -> ExportFacts:
    """Make the folder `out` with the model in a format of `train.formats.FORMATS`.

    It is written beside its place and moved there once it has answered `pictures` (or made ones)
    as the checkpoint does. What an earlier export left in `out` is replaced.

    Raises:
        ModelError: If the checkpoint cannot be used, `out` holds something else, the converter is
            missing or refuses the graph, or the file computes something else.
    """
    chosen = FORMATS[format_name]
    _check_target(out)
    model, info = load_model(weights)
    names = checked_names(tuple(class_names) or info.names, info, weights)
    pictures = pictures or _patterns(image_hw)
    with replacing(out) as folder:
        count = _convert(model, chosen, folder / chosen.file_name, image_hw)
        facts = ExportFacts(
            format=chosen.name,
            file=chosen.file_name,
            name=name,
            architecture=model.architecture.name,
            class_names=list(names),
            height=image_hw[0],
            width=image_hw[1],
            candidates=count,
            check=_check(model, chosen, folder / chosen.file_name, pictures),
        )
        write_facts(folder, facts)
    return facts


def _convert(model: DetectionNetwork, chosen: Format, path: Path, image_hw: tuple[int, int]) -> int:
    """Write the file; the number of candidates."""
    graph = CandidateGraph(rounded(model), image_hw).eval().requires_grad_(requires_grad=False)
    chosen.convert(Origin(graph, image_hw, lambda onnx: export_onnx(model, onnx, image_hw)), path)
    return graph.count


def _check(model: DetectionNetwork, chosen: Format, path: Path, pictures: CheckPictures) -> Check:
    """Run the file as whoever gets it would, and compare with the network."""
    if reason := chosen.runs_here():
        return Check(pictures="none", not_run=reason)
    found = chosen.open(path).infer(pictures.images_nhwc)
    reference = reference_candidates(model, pictures.images_nhwc)
    parity = compare_with_network(chosen.name, found, reference)
    return Check(
        pictures=pictures.told, box_px=round(parity.box_px, 5), score=round(parity.score, 7)
    )


def _patterns(image_hw: tuple[int, int]) -> CheckPictures:
    images = pattern_images(image_hw, _PATTERNS, _SEED)
    return CheckPictures(images, f"{_PATTERNS} made patterns")


def _check_target(out: Path) -> None:
    """See that `out` is free, or holds an earlier export and nothing else.

    Raises:
        ModelError: If something else is there.
    """
    if not out.exists():
        return
    ours = {FACTS_FILE, "model.bin"} | {each.file_name for each in FORMATS.values()}
    if not out.is_dir() or {path.name for path in out.iterdir()} - ours:
        msg = f"'{out}' is there and holds other things; choose another folder, or empty it"
        raise ModelError(msg)
