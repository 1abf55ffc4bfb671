"""TFLite (LiteRT): for phones and boards with an NPU or a Coral. Converted from torch by LiteRT."""

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from edgedet.errors import ModelError, first_line
from train.formats.base import Origin, quiet_libraries

SUFFIX = ".tflite"
_CONVERTER, _RUNTIME = "litert_torch", "ai_edge_litert.interpreter"
_INSTALL = "`pip install 'edgedet[tflite]'`"


def convert(origin: Origin, path: Path) -> None:
    """Write the graph for one picture at a time, as TFLite's delegates want it.

    Raises:
        ModelError: If the converter is not installed or does not take the graph.
    """
    example = torch.zeros((1, *origin.input_hw, 3), dtype=torch.uint8)
    with quiet_libraries():
        library = _import(_CONVERTER)
        try:
            library.convert(origin.graph.eval().cpu(), (example,)).export(str(path))
        except Exception as exc:
            # its exception classes are those of three compilers and share no base but Exception
            msg = f"litert-torch cannot convert the graph: {first_line(exc)}"
            raise ModelError(msg) from exc


class TfLiteModel:
    """A TFLite file on the processor, one picture after another."""

    backend = "tflite"
    device = "cpu"
    threads = 1

    def __init__(self, path: Path) -> None:
        """Load the file.

        Raises:
            ModelError: If the runtime is not installed, or the file is none of ours.
        """
        library = _import(_RUNTIME)
        try:
            self._interpreter: Any = library.Interpreter(str(path), num_threads=self.threads)
            self._interpreter.allocate_tensors()
            (given,) = self._interpreter.get_input_details()
            (found,) = self._interpreter.get_output_details()
            _, height, width, _ = (int(size) for size in given["shape"])
        except (ValueError, RuntimeError, OSError) as exc:
            msg = f"{path} is no TFLite file of `train export --format tflite`: {first_line(exc)}"
            raise ModelError(msg) from exc
        self._input, self._output = given["index"], found["index"]
        self._input_hw = height, width

    @property
    def input_hw(self) -> tuple[int, int]:
        """Height and width of the pictures."""
        return self._input_hw

    def infer(self, images_nhwc: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Candidates (N, K, 7)."""
        answers = []
        try:
            for image in images_nhwc:
                self._interpreter.set_tensor(self._input, image[None])
                self._interpreter.invoke()
                answers.append(self._interpreter.get_tensor(self._output)[0])
        except (ValueError, RuntimeError) as exc:
            msg = f"tflite failed on a picture: {first_line(exc)}"
            raise ModelError(msg) from exc
        return np.stack(answers).astype(np.float32)


def _import(name: str) -> Any:  # noqa: ANN401 - untyped library
    try:
        return importlib.import_module(name)
    except ImportError as exc:
        msg = f"format tflite needs {name.split('.', maxsplit=1)[0]} ({exc}); {_INSTALL}"
        raise ModelError(msg) from exc
