"""Candidates from a network in memory, a checkpoint, or a bundle; all of the same form.

The only file in train/ that knows `edgedet.detect`.
"""

from pathlib import Path
from typing import Protocol, get_args

import numpy as np
import torch
from numpy.typing import NDArray

from edgedet.config.model import BackendName, ModelSettings
from edgedet.detect import Detector, available_backends, create_detector
from edgedet.errors import ModelError
from edgedet.manifest import Bundle, read_bundle
from train.export.graph import CandidateGraph
from train.model import DetectionNetwork, load_model

BACKENDS: tuple[BackendName, ...] = get_args(BackendName)
DEFAULT_IMAGE_HW = (640, 640)


class Predictor(Protocol):
    """Whatever turns letterboxed pictures into candidates."""

    @property
    def backend(self) -> str:
        """What computes, as in `torch` or `onnxruntime`."""
        ...

    @property
    def input_hw(self) -> tuple[int, int]:
        """Height and width of the pictures."""
        ...

    def infer(self, images_nhwc: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Candidates (N, K, 7); see `edgedet.detect.base.Detector`."""
        ...


class TorchPredictor:
    """A network in memory, through the very graph that would be exported, on its own device."""

    def __init__(self, model: DetectionNetwork, input_hw: tuple[int, int]) -> None:
        """Copy and fuse `model`; later changes of it are not seen."""
        self._device = next(model.parameters()).device
        graph = CandidateGraph(model, input_hw).eval().to(self._device)
        self._graph = graph.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._input_hw = input_hw

    @property
    def backend(self) -> str:
        """`torch`."""
        return "torch"

    @property
    def input_hw(self) -> tuple[int, int]:
        """Height and width of the pictures."""
        return self._input_hw

    @torch.inference_mode()
    def infer(self, images_nhwc: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Candidates (N, K, 7)."""
        candidates = self._graph(torch.from_numpy(images_nhwc).to(self._device))
        return np.asarray(candidates.float().cpu().numpy(), dtype=np.float32)


class BundlePredictor:
    """A bundle, run by the device's own code."""

    def __init__(
        self, bundle: Bundle, backend: BackendName = "auto", *, threads: int = 0, max_batch: int = 1
    ) -> None:
        """Load the bundle's graph.

        Raises:
            ModelError: If the backend or the graph cannot be used.
        """
        settings = ModelSettings(bundle=bundle.folder, backend=backend, threads=threads)
        self._detector: Detector = create_detector(bundle, settings, max_batch)
        self._bundle = bundle

    @property
    def backend(self) -> str:
        """The backend that computes."""
        return self._detector.backend

    @property
    def input_hw(self) -> tuple[int, int]:
        """Height and width of the pictures."""
        return self._bundle.input_hw

    def infer(self, images_nhwc: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Candidates (N, K, 7)."""
        return self._detector.infer(images_nhwc)

    def close(self) -> None:
        """Free the model."""
        self._detector.close()


def bundle_backends() -> tuple[BackendName, ...]:
    """The backends that can run a bundle here."""
    names: tuple[BackendName, ...] = ("tensorrt", "openvino", "onnxruntime")
    return tuple(name for name in names if name in available_backends())


def open_predictor(
    path: Path, input_hw: tuple[int, int] | None = None, *, backend: BackendName = "auto"
) -> tuple[Predictor, tuple[str, ...]]:
    """A predictor for a checkpoint file or a bundle folder, and its class names (may be empty).

    Args:
        path: The file or folder.
        input_hw: Height and width for a checkpoint; by default those it was trained at. A bundle
            has its own and takes no other.
        backend: What runs a bundle.

    Raises:
        ModelError: If the model cannot be used, or a bundle has another size.
    """
    if path.is_dir():
        bundle = read_bundle(path)
        if input_hw not in {None, bundle.input_hw}:
            msg = (
                f"bundle '{path}' takes pictures of {bundle.input_hw}, not {input_hw}; export again"
            )
            raise ModelError(msg)
        return BundlePredictor(bundle, backend), tuple(bundle.manifest.class_names)
    model, info = load_model(path)
    size = info.metadata.get("image_size")
    trained_hw = (size, size) if isinstance(size, int) else DEFAULT_IMAGE_HW
    return TorchPredictor(model, input_hw or trained_hw), info.names
