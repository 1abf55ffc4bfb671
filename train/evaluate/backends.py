"""Candidates from a network in memory, a checkpoint, a graph, or a bundle; all of the same form.

The only file in train/ that knows `edgedet.detect`.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import get_args

import numpy as np
import torch
from numpy.typing import NDArray

from edgedet.config.model import BackendName, ModelSettings
from edgedet.detect import ChoiceStore, Detector, available_backends, create_detector
from edgedet.detect.cores import usable_cores
from edgedet.detect.engine import (
    BatchProfile,
    BuildSettings,
    BuiltEngine,
    EngineRequest,
    build_engine,
)
from edgedet.errors import ModelError
from edgedet.manifest import MANIFEST_FILE, Bundle, Thresholds, read_bundle
from train.base import Predictor
from train.evaluate.graph_file import bundle_around
from train.export.graph import CandidateGraph
from train.formats import exported_file, open_exported
from train.model import DetectionNetwork, load_model
from train.quantize.trained import load_as_scored

BACKENDS: tuple[BackendName, ...] = get_args(BackendName)
DEFAULT_IMAGE_HW = (640, 640)
_ENGINE_BATCH = 8  # pictures; larger batches go through in parts


class TorchPredictor:
    """A network in memory, through the very graph that would be exported, on its own device."""

    def __init__(self, model: DetectionNetwork, input_hw: tuple[int, int]) -> None:
        """Copy and fuse `model`; later changes of it are not seen, but by `at`."""
        self._model = model
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

    @property
    def threads(self) -> int:
        """Threads of the processor that compute."""
        return torch.get_num_threads()

    @property
    def device(self) -> str:
        """The network's own device."""
        return str(self._device)

    @property
    def stride(self) -> int:
        """Height and width of pictures must be multiples of it."""
        return max(self._model.strides)

    def at(self, input_hw: tuple[int, int]) -> "TorchPredictor":
        """The same network for pictures of another shape; itself for its own."""
        return self if input_hw == self._input_hw else TorchPredictor(self._model, input_hw)

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
        self._threads = threads or usable_cores()

    @property
    def backend(self) -> str:
        """The backend that computes."""
        return self._detector.backend

    @property
    def input_hw(self) -> tuple[int, int]:
        """Height and width of the pictures."""
        return self._bundle.input_hw

    @property
    def threads(self) -> int:
        """Threads of the processor that compute."""
        return self._threads

    @property
    def device(self) -> str:
        """Backends of bundles compute on the processor, or on the one card that there is."""
        return "cuda:0" if self.backend == "tensorrt" else "cpu"

    def infer(self, images_nhwc: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Candidates (N, K, 7)."""
        return self._detector.infer(images_nhwc)

    def close(self) -> None:
        """Free the model."""
        self._detector.close()


def build_engine_here(bundle: Bundle) -> BuiltEngine:
    """The bundle's TensorRT engine for this machine's GPU, kept where `--backend tensorrt` looks.

    Raises:
        ModelError: If there is no GPU or no TensorRT, or no engine answers as it should.
    """
    profile = BatchProfile(1, _ENGINE_BATCH // 2, _ENGINE_BATCH)
    return build_engine(bundle, EngineRequest(BuildSettings(profile)), ChoiceStore().folders)


def bundle_backends() -> tuple[BackendName, ...]:
    """The backends that run a bundle's graph here as it is; TensorRT needs an engine first."""
    names: tuple[BackendName, ...] = ("openvino", "onnxruntime")
    return tuple(name for name in names if name in available_backends())


def open_predictor(  # noqa: PLR0913 - what a model may be opened with
    path: Path,
    input_hw: tuple[int, int] | None = None,
    *,
    backend: BackendName = "auto",
    class_names: Sequence[str] = (),
    device: str = "cpu",
    as_trained: bool = False,
) -> tuple[Predictor, tuple[str, ...]]:
    """A predictor for a checkpoint, graph, bundle or file for another runtime; its class names.

    The names may be empty where a checkpoint does not say them.

    Args:
        path: The file or folder. `*.onnx` is a graph that `train export` wrote; what it wrote
            with `--format` is run by its own runtime (`train.formats`).
        input_hw: Height and width for a checkpoint; by default those it was trained at. Bundle and
            graph have their own and take no other.
        backend: What runs a bundle or graph.
        class_names: Names by class id for a graph that lies outside its bundle: it has none.
        device: Where torch runs a checkpoint.
        as_trained: A checkpoint that was trained to be INT8 computes as INT8, else in float.

    Raises:
        ModelError: If the model cannot be used, or a bundle has another size.
    """
    if exported_file(path) is not None:
        exported, names = open_exported(path)
        _check_size(exported.input_hw, path, input_hw)
        return exported, names
    if path.is_dir():
        bundle = read_bundle(path)
        _check_size(bundle.input_hw, path, input_hw)
        return BundlePredictor(bundle, backend), tuple(bundle.manifest.class_names)
    if path.suffix == ".onnx":
        with bundle_around(path, class_names) as bundle:
            _check_size(bundle.input_hw, path, input_hw)
            return BundlePredictor(bundle, backend), tuple(bundle.manifest.class_names)
    model, info = load_as_scored(path) if as_trained else load_model(path)
    size = info.metadata.get("image_size")
    trained_hw = (size, size) if isinstance(size, int) else DEFAULT_IMAGE_HW
    return TorchPredictor(model.to(device), input_hw or trained_hw), info.names


def device_thresholds(path: Path) -> Thresholds:
    """The thresholds that a device would use: those of the bundle that `path` is or lies in.

    Raises:
        ModelError: If the bundle's manifest cannot be read.
    """
    if exported_file(path) is not None:
        return Thresholds()
    folder = path if path.is_dir() else path.parent
    belongs = path.suffix == ".onnx" and (folder / MANIFEST_FILE).is_file()
    return read_bundle(folder).manifest.thresholds if path.is_dir() or belongs else Thresholds()


def _check_size(own_hw: tuple[int, int], path: Path, input_hw: tuple[int, int] | None) -> None:
    if input_hw not in {None, own_hw}:
        msg = f"'{path}' takes pictures of {own_hw}, not {input_hw}; export again"
        raise ModelError(msg)
