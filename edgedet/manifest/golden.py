"""A bundle's golden file: pictures, and all candidates expected of them.

A device runs the pictures through its own backend before it trusts a model.
"""

import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgedet.errors import ModelError
from edgedet.manifest.bundle import Bundle, verify_file

GOLDEN_FILE = "golden/golden.npz"

_MAX_BYTES = 64 << 20


@dataclass(frozen=True, slots=True, eq=False)
class GoldenCase:
    """Pictures uint8 (N, H, W, 3), and the candidates float32 (N, K, 7) that belong to them."""

    images_nhwc: NDArray[np.uint8]
    candidates: NDArray[np.float32]


def write_golden(path: Path, case: GoldenCase) -> None:
    """Store a case, compressed.

    Raises:
        OSError: if the file cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(path, images_nhwc=case.images_nhwc, candidates=case.candidates)


def read_golden(bundle: Bundle) -> GoldenCase | None:
    """The bundle's golden case, its digest checked; None if it has none.

    Raises:
        ModelError: if the file is missing, differs from the manifest, or holds something else.
    """
    golden = bundle.manifest.golden
    if golden is None:
        return None
    verify_file(bundle, golden.path)
    path = bundle.folder / golden.path
    if path.stat().st_size > _MAX_BYTES:
        msg = f"{path} has {path.stat().st_size} bytes, a golden file has at most {_MAX_BYTES}"
        raise ModelError(msg)
    try:
        # Opened here: numpy leaves a file open that turns out to be no archive.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as content:
            case = GoldenCase(content["images_nhwc"], content["candidates"])
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as exc:
        msg = f"{path} is no golden file: {exc}; export the bundle again"
        raise ModelError(msg) from exc
    count = len(case.images_nhwc)
    expected = (count, *bundle.input_hw, 3), (count, bundle.manifest.output.count, 7)
    if (case.images_nhwc.shape, case.candidates.shape) != expected:
        shapes = (case.images_nhwc.shape, case.candidates.shape)
        msg = f"{path} holds shapes {shapes}, the manifest says {expected}; export the bundle again"
        raise ModelError(msg)
    return case
