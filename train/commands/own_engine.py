"""`--engine`: the new bundle's TensorRT engine, for the GPU of this workstation."""

from pathlib import Path

from rich.console import Console

from edgedet.errors import ModelError
from edgedet.manifest import Bundle
from train.evaluate.backends import build_engine_here


def build_own_engine(bundle: Bundle, out: Path) -> None:
    """Build the engine of the bundle that was written to `out`, and say whom it is for.

    Raises:
        ModelError: If it cannot be built; says that the bundle is there all the same.
    """
    try:
        stored = build_engine_here(bundle).stored
    except ModelError as exc:
        msg = f"the bundle {out} is written, its engine is not: {exc}"
        raise ModelError(msg) from exc
    sidecar = stored.sidecar
    Console(stderr=True).print(
        f"{stored.path}: {sidecar.precision} engine for this GPU ({sidecar.device}, TensorRT "
        f"{sidecar.tensorrt}) and no other; a device builds its own with "
        f"`edgedet build-engine {out}`",
        markup=False,
        soft_wrap=True,
    )
