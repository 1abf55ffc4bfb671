"""Does a model answer the pictures that came with it as it should, on this device?"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from edgedet.detect.base import Detector, Proven
from edgedet.manifest import Bundle, GoldenCase, read_golden
from edgedet.vision.candidates import CandidateDifference, Tolerance, compare_candidates

Infer = Callable[[NDArray[np.uint8]], NDArray[np.float32]]


def compare_with_golden(
    bundle: Bundle, golden: GoldenCase, found: NDArray[np.float32], number: int = 0
) -> CandidateDifference | None:
    """`found` (K, 7) beside what is expected of a picture, within the bundle's tolerance.

    None if the manifest says nothing of a golden case.
    """
    case = bundle.manifest.golden
    if case is None:
        return None
    tolerance = Tolerance(case.box_tolerance_px, case.score_tolerance)
    return compare_candidates(found, golden.candidates[number], tolerance)


def golden_deviation(bundle: Bundle, golden: GoldenCase | None, infer: Infer) -> str:
    """How the answers to the golden pictures differ, in words; empty if they do not.

    `infer` maps pictures uint8 (N, H, W, 3) to candidates float32 (N, K, 7). A bundle without
    golden pictures has nothing to differ from.
    """
    if bundle.manifest.golden is None or golden is None:
        return ""
    for number, expected in enumerate(golden.candidates):
        found = infer(golden.images_nhwc[number : number + 1])[0]
        if found.shape != expected.shape:
            return f"the answer has the shape {found.shape}, expected {expected.shape}"
        if not np.isfinite(found).all():
            return f"the answer to picture {number} is not finite"
        difference = compare_with_golden(bundle, golden, found, number)
        if difference is not None and difference.unmatched:
            return (
                f"{difference.unmatched} of {difference.compared} candidates of picture {number}"
                " are not the golden ones"
            )
    return ""


def own_deviation(bundle: Bundle, detector: Detector) -> str:
    """How a detector's answers to its bundle's golden pictures differ; empty if they do not.

    On the thread of the detector. One that was proven when it was built need not be asked again:
    it may answer better than the bundle's graph.

    Raises:
        ModelError: it fails.
    """
    if isinstance(detector, Proven):
        return ""
    return golden_deviation(bundle, read_golden(bundle), detector.infer)
