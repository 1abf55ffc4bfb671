"""What a file for another runtime is made from, and how it is run once it is there."""

import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from train.export.graph import CandidateGraph

INPUT_NAME, OUTPUT_NAME = "images", "candidates"


@dataclass(frozen=True, slots=True)
class Origin:
    """What a converter may start from: the graph in torch, or the same as ONNX, where it is asked.

    `write_onnx` writes it to a path.
    """

    graph: CandidateGraph
    input_hw: tuple[int, int]
    write_onnx: Callable[[Path], object]


class ExportedModel(Protocol):
    """A file that was opened by its own runtime; `train.evaluate.backends.Predictor` fits it."""

    @property
    def backend(self) -> str:
        """The runtime, as in `tflite`."""
        ...

    @property
    def input_hw(self) -> tuple[int, int]:
        """Height and width of the pictures."""
        ...

    @property
    def threads(self) -> int:
        """Threads of the processor that compute."""
        ...

    @property
    def device(self) -> str:
        """Where it computes."""
        ...

    def infer(self, images_nhwc: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Candidates (N, K, 7) of uint8 (N, H, W, 3), as every backend of ours gives them.

        Raises:
            ModelError: If the runtime fails.
        """
        ...


@contextmanager
def quiet_libraries() -> Iterator[None]:
    """Keeps converters from telling every operator, and puts back what they do to logging."""
    root = logging.getLogger()
    level, handlers = root.level, root.handlers[:]
    root.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # their dependencies about each other's versions
            yield
    finally:
        root.setLevel(level)
        root.handlers[:] = handlers


def first_line(exc: Exception) -> str:
    """What a library says, without the stack that some put behind it."""
    return (str(exc).strip().splitlines() or [type(exc).__name__])[0]
