import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - torch's own convention
from hypothesis import given, settings
from hypothesis import strategies as st

from train.loss.matching import Pairs, _ClassTable, match


def _pairs(targets: int, per_target: int = 8, num_classes: int = 3) -> Pairs:
    """Targets with candidates around them; every fourth candidate is there twice."""
    generator = torch.Generator().manual_seed(targets)
    low = torch.rand(targets, 2, generator=generator) * 200
    size = torch.rand(targets, 2, generator=generator) * 40 + 10
    truth = torch.cat((low, low + size), dim=1)
    shift = torch.randn(targets * per_target, 4, generator=generator) * 6
    boxes = truth.repeat_interleave(per_target, dim=0) + shift
    boxes[1::4] = boxes[::4][: len(boxes[1::4])]
    logits = torch.randn(len(boxes), 1 + num_classes, generator=generator)
    logits[1::4] = logits[::4][: len(logits[1::4])]
    classes = torch.randint(0, num_classes, (targets,), generator=generator)
    return Pairs(truth, classes, boxes, logits)


@pytest.mark.parametrize("top_ious", [10, 20])
@pytest.mark.parametrize("targets", [1, 7, 60])
@pytest.mark.parametrize("targets_at_once", [1, 3, 50])
def test_is_the_same_for_a_few_targets_at_a_time_as_for_all(
    targets: int, targets_at_once: int, top_ious: int
) -> None:
    pairs = _pairs(targets)
    whole = match(pairs, top_ious, pairs_at_once=10**9)
    parts = match(pairs, top_ious, pairs_at_once=targets_at_once * len(pairs.boxes_xyxy))

    assert torch.equal(whole[0], parts[0])
    assert torch.equal(whole[1], parts[1])


def test_a_candidate_that_two_claim_goes_to_the_cheaper_and_every_target_claims_one() -> None:
    truth = torch.tensor([[0.0, 0, 10, 10], [1, 0, 11, 10]])
    boxes = torch.tensor([[0.0, 0, 10, 10], [50, 50, 60, 60]])
    pairs = Pairs(truth, torch.tensor([0, 0]), boxes, torch.zeros(2, 2))
    candidate, owner = match(pairs, 10)

    assert (candidate.tolist(), owner.tolist()) == ([0], [0])


@given(
    st.integers(1, 5).flatmap(
        lambda nc: st.lists(
            st.lists(st.floats(-20, 20, width=32), min_size=nc + 1, max_size=nc + 1),
            min_size=1,
            max_size=4,
        )
    )
)
@settings(deadline=None, max_examples=50)
def test_gathered_class_cost_equals_the_whole_tensors(rows: list[list[float]]) -> None:
    logits = torch.tensor(rows, dtype=torch.float64)
    num_classes = logits.shape[1] - 1
    classes = torch.arange(num_classes)
    q = (logits[:, 1:].sigmoid() * logits[:, :1].sigmoid()).sqrt()
    truth = F.one_hot(classes, num_classes).double()[:, None].expand(-1, len(rows), -1)
    whole = F.binary_cross_entropy(q[None].expand_as(truth), truth, reduction="none").sum(-1)
    torch.testing.assert_close(_ClassTable.of(logits).cost(classes), whole, rtol=1e-6, atol=1e-6)


def test_class_cost_stays_finite_at_certainty() -> None:
    logits = torch.tensor([[200.0, 200.0, -200.0], [-200.0, -200.0, 200.0]])
    cost = _ClassTable.of(logits).cost(torch.tensor([0, 1]))
    assert bool(torch.isfinite(cost).all())
