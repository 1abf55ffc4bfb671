"""The graph that is exported, against the network's own decoded predictions."""

import torch

from tests.train.export.lively import lively_model
from train.export.graph import MAX_CANDIDATES, CandidateGraph
from train.export.parity import pattern_images

SIZE_HW = (64, 96)
FOLDING = 1e-4  # the graph is folded, the network is not: scores move by up to 5e-5


def candidates_and_predictions(num_classes: int) -> tuple[torch.Tensor, torch.Tensor]:
    model = lively_model(num_classes)
    images = torch.from_numpy(pattern_images(SIZE_HW, 2, seed=3))
    with torch.inference_mode():
        found = CandidateGraph(model, SIZE_HW).eval()(images)
        decoded = model(images.permute(0, 3, 1, 2).float() / 255)
    return found, decoded


def test_gives_the_best_k_predictions_in_order() -> None:
    found, decoded = candidates_and_predictions(num_classes=3)
    scores = decoded[..., 4] * decoded[..., 5:].amax(dim=-1)
    expected = scores.sort(dim=1, descending=True).values[:, : found.shape[1]]

    assert found.shape == (2, min(MAX_CANDIDATES, decoded.shape[1]), 7)
    assert torch.allclose(found[..., 4], expected, atol=FOLDING)
    assert bool((found[..., 4].diff(dim=1) <= 0).all())


def test_boxes_class_and_runner_up_belong_to_their_score() -> None:
    found, decoded = candidates_and_predictions(num_classes=3)
    best = (decoded[..., 4] * decoded[..., 5:].amax(dim=-1)).argmax(dim=1)
    for picture, index in enumerate(best.tolist()):
        cx, cy, w, h, objectness, *classes = decoded[picture, index].tolist()
        ranked = sorted(classes, reverse=True)
        box = [cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2]
        rest = [objectness * ranked[0], classes.index(ranked[0]), objectness * ranked[1]]

        assert torch.allclose(found[picture, 0], torch.tensor(box + rest), rtol=1e-3, atol=1e-3)


def test_with_one_class_the_objectness_is_the_score_and_nobody_is_second() -> None:
    found, decoded = candidates_and_predictions(num_classes=1)

    assert torch.allclose(found[:, 0, 4], decoded[..., 4].amax(dim=1), atol=FOLDING)
    assert bool((found[..., 5:] == 0).all())


def test_the_network_is_left_as_it_was() -> None:
    model = lively_model(2)
    before = {key: tensor.clone() for key, tensor in model.state_dict().items()}
    CandidateGraph(model, SIZE_HW)

    assert not model.fused
    assert all(torch.equal(tensor, before[key]) for key, tensor in model.state_dict().items())
