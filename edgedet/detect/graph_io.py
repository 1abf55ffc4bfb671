"""What a bundle's graph must look like from outside, the same for every backend; no third party."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgedet.errors import ModelError
from edgedet.manifest import Bundle

CHANNELS = 3
CANDIDATE_FIELDS = 7
_CLASS = 5


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """Name, element type (numpy's word) and shape of an input or output; None: any size."""

    name: str
    dtype: str
    shape: tuple[int | None, ...]

    def __str__(self) -> str:
        """As in `images: uint8 [N, 416, 416, 3]`."""
        sizes = ", ".join("N" if size is None else str(size) for size in self.shape)
        return f"{self.name}: {self.dtype} [{sizes}]"


def expected_io(bundle: Bundle) -> tuple[TensorSpec, TensorSpec]:
    """The one input and the one output that the manifest promises."""
    manifest = bundle.manifest
    images = TensorSpec(manifest.input.name, "uint8", (None, *bundle.input_hw, CHANNELS))
    fields = (None, manifest.output.count, CANDIDATE_FIELDS)
    return images, TensorSpec(manifest.output.name, "float32", fields)


def check_graph_io(
    bundle: Bundle, inputs: tuple[TensorSpec, ...], outputs: tuple[TensorSpec, ...]
) -> None:
    """Compare what a backend found in the graph with the manifest.

    Raises:
        ModelError: if they differ.
    """
    images, candidates = expected_io(bundle)
    _check(bundle.model_path, "input", inputs, images)
    _check(bundle.model_path, "output", outputs, candidates)


def check_images(bundle: Bundle, images_nhwc: NDArray[np.uint8]) -> None:
    """Refuse a batch that the graph would not take, before the backend's own words for it.

    Raises:
        ModelError: if type, shape or memory layout is another.
    """
    expected = (*bundle.input_hw, CHANNELS)
    fits = images_nhwc.ndim == 4 and images_nhwc.shape[1:] == expected and len(images_nhwc) > 0
    if not fits or images_nhwc.dtype != np.uint8 or not images_nhwc.flags.c_contiguous:
        msg = (
            f"model '{bundle.manifest.name}' was given {images_nhwc.dtype} "
            f"{images_nhwc.shape}, expected a contiguous uint8 batch (N, {expected[0]}, "
            f"{expected[1]}, {CHANNELS}) with N of 1 or more; letterbox the pictures first"
        )
        raise ModelError(msg)


def check_candidates(bundle: Bundle, candidates: NDArray[np.float32], count: int) -> None:
    """Refuse an answer that does not fit the manifest, before its class ids meet the names.

    Raises:
        ModelError: if it is not (`count`, K, 7), or a class id has no name.
    """
    expected = (count, bundle.manifest.output.count, CANDIDATE_FIELDS)
    if candidates.shape != expected:
        msg = (
            f"model '{bundle.manifest.name}' answered {candidates.shape}, expected {expected}; "
            "export it with `python -m train export`"
        )
        raise ModelError(msg)
    names = len(bundle.manifest.class_names)
    class_ids = candidates[..., _CLASS]
    # not-a-number passes here, and is left out with its box in the post-processing
    wrong = (class_ids < 0) | ((class_ids >= names) & (class_ids < np.inf))
    if wrong.any():
        msg = (
            f"model '{bundle.manifest.name}' answered class id {class_ids[wrong][0]:g}, its "
            f"manifest names {names} (0 to {names - 1}); give the bundle the class_names of its "
            "model: export it again"
        )
        raise ModelError(msg)


def _check(path: Path, role: str, found: tuple[TensorSpec, ...], expected: TensorSpec) -> None:
    if len(found) == 1 and _fits(found[0], expected):
        return
    listed = "; ".join(str(spec) for spec in found) or "none"
    msg = (
        f"{path} is not a model for edgedet: its {role} is {listed}, the manifest says {expected}; "
        "export it with `python -m train export`"
    )
    raise ModelError(msg)


def _fits(found: TensorSpec, expected: TensorSpec) -> bool:
    """A size unknown to the backend fits anything; the batch must be unknown."""
    if (found.name, found.dtype) != (expected.name, expected.dtype):
        return False
    if len(found.shape) != len(expected.shape) or found.shape[0] is not None:
        return False
    sizes = zip(found.shape[1:], expected.shape[1:], strict=True)
    return all(size is None or size == wanted for size, wanted in sizes)
