"""What the rooms of the trainer know of each other's models."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Predictor(Protocol):
    """Whatever turns letterboxed pictures into candidates."""

    @property
    def backend(self) -> str:
        """What computes, as in `torch`, `onnxruntime` or `tflite`."""
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
        """Where it computes, as in `cpu` or `cuda:0`."""
        ...

    def infer(self, images_nhwc: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Candidates (N, K, 7) of uint8 (N, H, W, 3); see `edgedet.detect.base.Detector`.

        Raises:
            ModelError: If the runtime fails.
        """
        ...
