"""What the rest of edgedet knows of an inference backend."""

from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray


class Detector(Protocol):
    """A loaded model. Created, used and closed on one thread."""

    @property
    def backend(self) -> str:
        """The name of the backend, as in `onnxruntime`."""
        ...

    def infer(self, images_nhwc: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Candidates of a batch of letterboxed RGB pictures.

        Takes uint8 (N, H, W, 3), C-contiguous, H and W as in the bundle's manifest. Returns
        float32 (N, K, 7): x1, y1, x2, y2 in input pixels, score, class id, runner-up class score;
        best score first. The result is the caller's own.

        Raises:
            ModelError: the backend failed; the detector must be closed.
        """
        ...

    def close(self) -> None:
        """Free the model; may be called twice."""
        ...


@runtime_checkable
class Proven(Protocol):
    """A detector that was compared with the bundle's golden case on this device when it was built.

    It may compute another precision than the bundle's graph, and answer the golden pictures better
    than that graph does.
    """

    @property
    def proof(self) -> Path:
        """The file that says how the comparison went."""
        ...
