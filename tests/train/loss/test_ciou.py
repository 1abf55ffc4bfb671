import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from train.loss import ciou

boxes = st.tuples(
    st.floats(-50, 50), st.floats(-50, 50), st.floats(0.1, 100), st.floats(0.1, 100)
).map(lambda box: torch.tensor([box], dtype=torch.float64))


@given(boxes)
@settings(deadline=None)
def test_is_one_for_equal_boxes(box: torch.Tensor) -> None:
    torch.testing.assert_close(ciou(box, box), torch.ones(1).double(), atol=1e-4, rtol=0)


@given(boxes, boxes)
@settings(deadline=None)
def test_lies_between_minus_two_and_one_and_is_symmetric(a: torch.Tensor, b: torch.Tensor) -> None:
    value = ciou(a, b)
    assert -2 <= value.item() <= 1 + 1e-9
    torch.testing.assert_close(value, ciou(b, a), atol=1e-4, rtol=1e-4)


def test_falls_with_distance_between_separate_boxes() -> None:
    fixed = torch.tensor([[0.0, 0.0, 2.0, 2.0]]).expand(3, 4)
    moved = torch.tensor([[3.0, 0.0, 2.0, 2.0], [6.0, 0.0, 2.0, 2.0], [60.0, 0.0, 2.0, 2.0]])
    near, far, farther = ciou(moved, fixed).tolist()
    assert 0 > near > far > farther


def test_gives_a_gradient_that_pulls_towards_the_truth() -> None:
    prediction = torch.tensor([[5.0, 0.0, 2.0, 2.0]], requires_grad=True)
    overlap = ciou(prediction, torch.tensor([[0.0, 0.0, 2.0, 2.0]]))
    overlap.sum().backward()  # type: ignore[no-untyped-call]
    assert prediction.grad is not None
    assert prediction.grad[0, 0] < 0
