"""What a file for another runtime is made from, and how its converter is kept quiet."""

import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

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
