"""TorchScript: the traced graph, for programs that have torch or libtorch."""

import json
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from edgedet.errors import ModelError, first_line
from train.formats.base import Origin

SUFFIX = ".torchscript"
_FACTS = "edgedet.json"  # inside the file: a trace does not say what it takes


def convert(origin: Origin, path: Path) -> None:
    """Trace the graph; the batch stays free, as nothing in it depends on its size."""
    example = torch.zeros((2, *origin.input_hw, 3), dtype=torch.uint8)
    graph = origin.graph.eval().cpu()
    with torch.no_grad(), warnings.catch_warnings():
        # newer releases advise torch.export, whose files libtorch does not read
        warnings.filterwarnings("ignore", category=DeprecationWarning, module=r"torch\..*")
        traced = torch.jit.trace(graph, (example,), check_trace=False)  # type: ignore[no-untyped-call]
        facts = json.dumps({"input_hw": origin.input_hw})
        torch.jit.save(traced, str(path), _extra_files={_FACTS: facts})


class TorchScriptModel:
    """A traced graph on the processor."""

    backend = "torchscript"
    device = "cpu"

    def __init__(self, path: Path) -> None:
        """Load the file.

        Raises:
            ModelError: If it is none that `train export` wrote.
        """
        files = {_FACTS: ""}
        try:
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", category=DeprecationWarning, module=r"torch\..*")
                graph = torch.jit.load(str(path), map_location="cpu", _extra_files=files)  # type: ignore[no-untyped-call]
            self._graph: Callable[[torch.Tensor], torch.Tensor] = graph
            height, width = json.loads(files[_FACTS])["input_hw"]
        except (RuntimeError, ValueError, KeyError, OSError) as exc:
            told = first_line(exc)
            msg = f"{path} is no TorchScript file of `train export --format torchscript`: {told}"
            raise ModelError(msg) from exc
        self._input_hw = int(height), int(width)

    @property
    def input_hw(self) -> tuple[int, int]:
        """Height and width of the pictures."""
        return self._input_hw

    @property
    def threads(self) -> int:
        """Threads of the processor that compute."""
        return torch.get_num_threads()

    @torch.inference_mode()
    def infer(self, images_nhwc: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Candidates (N, K, 7)."""
        try:
            found = self._graph(torch.from_numpy(images_nhwc))
        except RuntimeError as exc:
            msg = f"torchscript failed on a batch of {len(images_nhwc)}: {exc}"
            raise ModelError(msg) from exc
        return np.asarray(found.numpy(), dtype=np.float32)
