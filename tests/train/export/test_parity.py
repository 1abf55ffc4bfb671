"""The same pictures through torch's own network and through every backend: all candidates agree."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from edgedet.errors import ModelError
from edgedet.manifest import Bundle
from edgedet.vision import compare_candidates
from tests.train.export.lively import lively_checkpoint, lively_model
from train.evaluate import BundlePredictor, TorchPredictor
from train.evaluate.backends import bundle_backends
from train.export.bundle import export_bundle
from train.export.parity import (
    TOLERANCE,
    check_parity,
    pattern_images,
    reference_candidates,
    rounded,
)
from train.model import load_model


@pytest.fixture(scope="module", params=[(1, (128, 96)), (3, (64, 96))], ids=["nc=1", "nc=3"])
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """Bundles of other classes and sizes, neither square."""
    num_classes, image_hw = request.param
    folder = tmp_path_factory.mktemp("parity")
    checkpoint = lively_checkpoint(folder / "weights.pt", num_classes, seed=num_classes)
    return export_bundle(
        checkpoint, folder / "bundle", name="case", version="1", image_size=image_hw
    )


@pytest.mark.parametrize("backend", bundle_backends())
@pytest.mark.parametrize("count", [1, 2, 3])
def test_all_candidates_equal_the_networks_predictions(
    case: Bundle, backend: str, count: int
) -> None:
    model, _ = load_model(case.weights_path)
    images = pattern_images(case.input_hw, count, seed=count)
    expected = reference_candidates(model, images)
    predictor = BundlePredictor(case, backend, max_batch=count)  # type: ignore[arg-type]
    found = predictor.infer(images)
    predictor.close()
    assert found.shape == (count, case.manifest.output.count, 7)
    for rows, reference in zip(found, expected, strict=True):
        result = compare_candidates(rows, reference, TOLERANCE)
        assert (result.unmatched, result.compared) == (0, len(rows))
        assert (np.diff(rows[:, 4]) <= 0).all()


def test_torch_predictor_equals_the_backends(case: Bundle) -> None:
    model, _ = load_model(case.weights_path)
    images = pattern_images(case.input_hw, 2, seed=9)
    torch_rows = TorchPredictor(rounded(model), case.input_hw).infer(images)
    for backend in bundle_backends():
        found = BundlePredictor(case, backend).infer(images)
        for rows, reference in zip(found, torch_rows, strict=True):
            assert compare_candidates(rows, reference, TOLERANCE).unmatched == 0


def test_pictures_of_a_batch_do_not_touch_each_other(case: Bundle) -> None:
    images = pattern_images(case.input_hw, 3, seed=4)
    predictor = BundlePredictor(case, "onnxruntime")
    together = predictor.infer(images)
    for picture in range(3):
        alone = predictor.infer(images[picture : picture + 1])[0]
        assert compare_candidates(alone, together[picture], TOLERANCE).unmatched == 0


def test_one_class_takes_the_objectness_alone(case: Bundle) -> None:
    model, _ = load_model(case.weights_path)
    images = pattern_images(case.input_hw, 1, seed=5)
    with torch.inference_mode():
        decoded = rounded(model)(torch.from_numpy(images).permute(0, 3, 1, 2) / 255.0)[0]
    score = decoded[:, 4]
    if model.num_classes > 1:
        score = score * decoded[:, 5:].amax(dim=1)
    best = BundlePredictor(case, "onnxruntime").infer(images)[0]
    assert best[0, 4] == pytest.approx(float(score.max()), abs=TOLERANCE.score)
    if model.num_classes == 1:
        assert (best[:, 5:] == 0).all()


def test_another_networks_graph_is_refused(bundle: Bundle) -> None:
    images = pattern_images(bundle.input_hw, 1, seed=6)
    with pytest.raises(ModelError, match="does not compute what the network computes"):
        check_parity(bundle, lively_model(1, seed=77), images)


def test_a_small_change_of_one_weight_is_noticed(bundle: Bundle) -> None:
    model, _ = load_model(bundle.weights_path)
    conv = model.head.m[2]
    assert isinstance(conv, torch.nn.Conv2d)
    assert conv.bias is not None
    with torch.no_grad():
        conv.bias[0] += 0.05  # moves boxes of one anchor by less than a pixel
    with pytest.raises(ModelError, match="candidates match no prediction"):
        check_parity(bundle, model, pattern_images(bundle.input_hw, 1, seed=6))


def test_comparing_with_what_is_there_gives_small_figures(bundle: Bundle) -> None:
    model, _ = load_model(bundle.weights_path)
    results = check_parity(bundle, model, pattern_images(bundle.input_hw, 1, seed=6))
    assert [result.backend for result in results] == list(bundle_backends())
    assert all(result.score < TOLERANCE.score for result in results)


def test_a_missing_bundle_is_told(bundle: Bundle, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"cannot read model\.onnx"):
        check_parity(
            replace(bundle, folder=tmp_path), lively_model(1), pattern_images((64, 96), 1, 0)
        )
