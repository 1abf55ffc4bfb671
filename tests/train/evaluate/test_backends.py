from pathlib import Path

import numpy as np
import pytest
import torch

from edgedet.errors import ModelError
from edgedet.manifest import Thresholds, write_manifest
from tests.detect.tiny_bundle import TINY_HW, make_tiny_bundle
from tests.train.export.lively import lively_model
from train.evaluate import BundlePredictor, TorchPredictor, open_predictor
from train.evaluate.backends import device_thresholds
from train.export.parity import pattern_images
from train.model import CheckpointContent, save_checkpoint


def save(path: Path, metadata: dict[str, object]) -> Path:
    save_checkpoint(path, lively_model(2), CheckpointContent(["a", "b"], metadata=metadata))
    return path


def test_a_bundle_folder_opens_on_a_backend(tmp_path: Path) -> None:
    make_tiny_bundle(tmp_path)
    predictor, names = open_predictor(tmp_path, backend="onnxruntime")
    assert (predictor.backend, predictor.input_hw, names) == ("onnxruntime", TINY_HW, ("bright",))


def test_a_bundle_takes_no_other_size(tmp_path: Path) -> None:
    make_tiny_bundle(tmp_path)
    with pytest.raises(ModelError, match=r"takes pictures of \(64, 96\), not \(32, 32\)"):
        open_predictor(tmp_path, (32, 32))


def test_a_checkpoint_opens_at_the_size_it_was_trained_at(tmp_path: Path) -> None:
    predictor, names = open_predictor(save(tmp_path / "a.pt", {"image_size": 96}))
    assert (predictor.backend, predictor.input_hw, names) == ("torch", (96, 96), ("a", "b"))
    predictor, _ = open_predictor(tmp_path / "a.pt", (64, 32))
    assert predictor.input_hw == (64, 32)


def test_a_checkpoint_that_does_not_say_is_taken_at_640(tmp_path: Path) -> None:
    predictor, _ = open_predictor(save(tmp_path / "a.pt", {}))
    assert predictor.input_hw == (640, 640)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ModelError):
        open_predictor(tmp_path / "nothing.pt")


def test_predicting_in_the_middle_of_training_leaves_the_model_alone() -> None:
    model = lively_model(1).train()
    before = {key: value.clone() for key, value in model.state_dict().items()}
    found = TorchPredictor(model, (64, 64)).infer(pattern_images((64, 64), 2, seed=0))
    assert found.shape == (2, 3 * (64 + 16 + 4), 7)
    assert found.dtype == np.float32
    assert model.training
    assert all(parameter.requires_grad for parameter in model.parameters())
    assert all(torch.equal(before[key], value) for key, value in model.state_dict().items())


def test_the_same_network_takes_pictures_of_another_shape() -> None:
    predictor = TorchPredictor(lively_model(1), (64, 64))
    other = predictor.at((64, 96))

    assert predictor.at((64, 64)) is predictor
    assert (other.input_hw, other.stride) == ((64, 96), 32)
    assert other.infer(pattern_images((64, 96), 1, seed=0)).shape[2] == 7


def test_says_where_and_on_how_many_threads_it_computes(tmp_path: Path) -> None:
    bundle = BundlePredictor(make_tiny_bundle(tmp_path), "onnxruntime", threads=3)

    assert (bundle.threads, bundle.device) == (3, "cpu")
    predictor = TorchPredictor(lively_model(1), (64, 64))
    assert (predictor.threads, predictor.device) == (torch.get_num_threads(), "cpu")


def test_thresholds_are_the_bundle_s_where_there_is_one(tmp_path: Path) -> None:
    bundle = make_tiny_bundle(tmp_path / "bundle")
    write_manifest(
        bundle.folder, bundle.manifest.model_copy(update={"thresholds": Thresholds(iou=0.6)})
    )

    assert device_thresholds(bundle.folder).iou == 0.6
    assert device_thresholds(bundle.model_path).iou == 0.6
    assert device_thresholds(tmp_path / "best.pt") == Thresholds()
    assert device_thresholds(tmp_path / "alone.onnx") == Thresholds()
