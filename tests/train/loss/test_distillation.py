"""What a student loses by differing from its teacher."""

import pytest
import torch

from edgedet.errors import ModelError
from tests.train.model.slim import slim_model
from train.loss import TINY_HYP, DetectionLoss, Weighting
from train.loss.distillation import Distillation, as_teacher
from train.model import DetectionNetwork

IMAGES = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(1))
TARGETS = torch.tensor([[0.0, 0, 0.5, 0.5, 0.4, 0.4], [1, 1, 0.3, 0.3, 0.4, 0.4]])


def _raw(model: DetectionNetwork) -> list[torch.Tensor]:
    """Raw maps by the statistics of eval mode, so that teacher and student can be equal."""
    model.eval().head.train()
    maps = model(IMAGES)
    assert isinstance(maps, list)
    return maps


def _added(student: DetectionNetwork, teacher: DetectionNetwork, weight: float = 1) -> torch.Tensor:
    """What the teacher adds to the components box, obj, cls, total."""
    raw = _raw(student)
    _, plain = DetectionLoss(student, TINY_HYP)(raw, TARGETS, IMAGES)
    loss_of = Distillation(as_teacher(teacher), weight)(student, TINY_HYP, Weighting())
    _, components = loss_of(raw, TARGETS, IMAGES)
    return components - plain


def _sure(model: DetectionNetwork) -> DetectionNetwork:
    """The same, but sure of many objects, so that boxes and classes matter."""
    with torch.no_grad():
        for conv in model.head.m:
            conv.bias.view(3, -1)[:, 4] += 6  # type: ignore[operator]
    return model


def test_a_perfect_student_loses_the_teachers_own_doubt_alone() -> None:
    model = _sure(slim_model("yolov7-tiny", 2))
    same = _added(model, model)
    other = _added(_sure(slim_model("yolov7", 2)), model)

    assert same[0].item() == pytest.approx(0, abs=1e-6)
    assert other[0] > 1e-3
    assert other[1] > same[1]
    assert other[2] > same[2] > 0
    assert same[3].item() == pytest.approx(same[:3].sum().item(), rel=1e-5)


def test_gradients_lead_to_the_teacher_and_leave_it_alone() -> None:
    teacher, student = _sure(slim_model("yolov7", 2)), slim_model("yolov7-tiny", 2)
    asked = as_teacher(teacher)
    before = {key: value.clone() for key, value in asked.state_dict().items()}
    optimizer = torch.optim.Adam(student.parameters(), lr=5e-3)
    loss_of = Distillation(asked)(student, TINY_HYP, Weighting())
    boxes = []  # without labels the teacher alone says where boxes are
    for _ in range(30):
        loss, components = loss_of(_raw(student), torch.zeros(0, 6), IMAGES)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        boxes.append(components[0].item())

    assert boxes[-1] < 0.8 * boxes[0]
    assert all(torch.equal(before[key], value) for key, value in asked.state_dict().items())
    assert not any(parameter.requires_grad for parameter in asked.parameters())


def test_weight_multiplies_what_the_teacher_adds() -> None:
    teacher, student = slim_model("yolov7", 2), slim_model("yolov7-tiny", 2)
    once, thrice = _added(student, teacher), _added(student, teacher, 3)

    torch.testing.assert_close(thrice, 3 * once, rtol=1e-4, atol=1e-6)
    assert _added(student, teacher, 0).abs().max() == 0


def test_auxiliary_maps_of_the_student_learn_from_labels_alone() -> None:
    """A teacher with an auxiliary head is asked for its lead head only."""
    model = _sure(slim_model("yolov7-w6", 2))
    assert _added(model, model)[0].item() == pytest.approx(0, abs=1e-6)


def test_other_levels_and_other_classes_are_refused() -> None:
    student = slim_model("yolov7-tiny", 2)
    with pytest.raises(ModelError, match=r"cannot distill yolov7-w6 \(strides 8 16 32 64\) into"):
        Distillation(as_teacher(slim_model("yolov7-w6", 2)))(student, TINY_HYP, Weighting())
    with pytest.raises(ModelError, match="cannot distill 3 classes into 2"):
        Distillation(as_teacher(slim_model("yolov7", 3)))(student, TINY_HYP, Weighting())
