"""Core ML: an ML program for Apple's devices. Converted anywhere, run on macOS alone."""

import importlib
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from edgedet.errors import ModelError, first_line
from train.export.graph import CandidateGraph
from train.formats.base import INPUT_NAME, OUTPUT_NAME, Origin, quiet_libraries

SUFFIX = ".mlpackage"
_LIBRARY = "coremltools"
# In float16 on the Neural Engine: what has the weights and what lies between. The rest decodes
# boxes, and a float16 above 512 knows half pixels only.
_HALF = {"concat", "conv", "leaky_relu", "max_pool", "relu", "silu", "upsample_nearest_neighbor"}


class _Planes(nn.Module):
    """The graph for pictures as Core ML gives them: float (1, 3, H, W), 0 to 255."""

    def __init__(self, graph: CandidateGraph) -> None:
        super().__init__()
        self.candidates = graph  # not `graph`: a traced module has something of that name

    def forward(self, images: Tensor) -> Tensor:
        """Candidates (1, K, 7)."""
        found: Tensor = self.candidates(images.permute(0, 2, 3, 1))
        return found


def convert(origin: Origin, path: Path) -> None:
    """Write an ML program that takes an RGB picture of the network's size.

    Raises:
        ModelError: If coremltools is not installed, does not take the graph, or left something out.
    """
    example = torch.zeros((1, 3, *origin.input_hw))
    with quiet_libraries(), torch.no_grad():
        library = _import()
        try:
            planes = _Planes(origin.graph.cpu()).eval()
            traced = torch.jit.trace(planes, (example,))  # type: ignore[no-untyped-call]
            model = library.convert(
                traced,
                inputs=[library.ImageType(name=INPUT_NAME, shape=example.shape)],
                outputs=[library.TensorType(name=OUTPUT_NAME, dtype=np.float32)],
                minimum_deployment_target=library.target.iOS16,
                compute_precision=library.transform.FP16ComputePrecision(
                    op_selector=lambda op: op.op_type in _HALF
                ),
                skip_model_load=True,
            )
            model.save(str(path))
        except Exception as exc:
            # its exception classes share no base but Exception
            msg = f"coremltools cannot convert the graph: {first_line(exc)}"
            raise ModelError(msg) from exc
        check_structure(path, origin)


def check_structure(path: Path, origin: Origin) -> None:
    """Compare what the file says of itself with the graph: picture, answer, convolutions.

    Raises:
        ModelError: If they differ.
    """
    model = _import().models.MLModel(str(path), skip_model_load=True)
    spec = model.get_spec()
    (given,), (found,) = spec.description.input, spec.description.output
    size = given.type.imageType.height, given.type.imageType.width
    operations = [
        operation.type
        for function in spec.mlProgram.functions.values()
        for block in function.block_specializations.values()
        for operation in block.operations
    ]
    wanted = sum(isinstance(module, nn.Conv2d) for module in origin.graph.modules())
    told = (given.name, size, found.name, operations.count("conv"))
    expected = (INPUT_NAME, origin.input_hw, OUTPUT_NAME, wanted)
    if told != expected:
        msg = f"{path} came out as {told}, expected {expected}; report it with the checkpoint"
        raise ModelError(msg)


def why_not_run_here() -> str:
    """Why this machine cannot run the file; empty on a Mac."""
    return "" if sys.platform == "darwin" else "Core ML runs on macOS only"


class CoreMlModel:
    """An ML program, one picture after another."""

    backend = "coreml"
    device = "coreml"
    threads = 1

    def __init__(self, path: Path) -> None:
        """Load the file.

        Raises:
            ModelError: If this is not macOS, coremltools is missing, or the file is none of ours.
        """
        if reason := why_not_run_here():
            msg = f"{path}: {reason}; evaluate its checkpoint here, or this file on a Mac"
            raise ModelError(msg)
        try:
            self._model: Any = _import().models.MLModel(str(path))
            (given,) = self._model.get_spec().description.input
        except (RuntimeError, ValueError, OSError) as exc:
            msg = f"{path} is no Core ML file of `train export`: {first_line(exc)}"
            raise ModelError(msg) from exc
        self._input_hw = given.type.imageType.height, given.type.imageType.width

    @property
    def input_hw(self) -> tuple[int, int]:
        """Height and width of the pictures."""
        return self._input_hw

    def infer(self, images_nhwc: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Candidates (N, K, 7)."""
        picture = importlib.import_module("PIL.Image").fromarray
        found = [
            self._model.predict({INPUT_NAME: picture(image)})[OUTPUT_NAME][0]
            for image in images_nhwc
        ]
        return np.stack(found).astype(np.float32)


def _import() -> Any:  # noqa: ANN401 - untyped library
    try:
        return importlib.import_module(_LIBRARY)
    except ImportError as exc:
        msg = f"format coreml needs coremltools ({exc}); `pip install 'edgedet[coreml]'`"
        raise ModelError(msg) from exc
