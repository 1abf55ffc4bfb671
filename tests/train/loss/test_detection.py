import weakref
from collections.abc import Callable, Sequence

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from train.loss import COMPONENTS, TINY_HYP, DetectionLoss, Weighting, scale_gains
from train.model import build_model

IMAGES = torch.zeros(2, 3, 64, 96)


def _raw(num_classes: int = 2) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(3)
    return [
        torch.randn(2, 3, 64 // s, 96 // s, 5 + num_classes, generator=generator).requires_grad_()
        for s in (8, 16, 32)
    ]


def _targets(count: int = 6, num_classes: int = 2) -> torch.Tensor:
    generator = torch.Generator().manual_seed(4)
    targets = torch.rand(count, 6, generator=generator) * 0.6 + 0.2
    targets[:, 0] = torch.arange(count) % 2
    targets[:, 1] = torch.arange(count) % num_classes
    return targets


def _loss(num_classes: int = 2, **changes: float) -> DetectionLoss:
    return DetectionLoss(build_model("yolov7-tiny", num_classes), {**TINY_HYP, **changes})


def test_components_are_the_parts_of_the_loss_without_the_batch_factor() -> None:
    loss, components = _loss()(_raw(), _targets(), IMAGES)
    named = dict(zip(COMPONENTS, components.tolist(), strict=True))
    assert named["total"] == pytest.approx(named["box"] + named["obj"] + named["cls"])
    assert loss.item() == pytest.approx(2 * named["total"])
    assert not components.requires_grad


def test_batch_without_targets_has_the_objectness_term_only() -> None:
    raw = _raw()
    loss, components = _loss()(raw, torch.zeros(0, 6), IMAGES)
    loss.backward()  # type: ignore[no-untyped-call]
    assert components[0] == components[2] == 0
    assert components[1] > 0
    assert all(level.grad is not None for level in raw)


def test_a_single_class_has_no_class_term() -> None:
    _, components = _loss(1)(_raw(1), _targets(num_classes=1), IMAGES)
    assert components[2] == 0


def test_is_the_same_under_autocast_and_close_for_half_precision_maps() -> None:
    loss = _loss()
    wanted, _ = loss(_raw(), _targets(), IMAGES)
    with torch.autocast("cpu", torch.bfloat16):
        got, _ = loss(_raw(), _targets(), IMAGES)
        rough, _ = loss([level.bfloat16() for level in _raw()], _targets(), IMAGES)
    assert got.item() == wanted.item()
    assert rough.dtype == torch.float32
    assert rough.item() == pytest.approx(wanted.item(), rel=0.1)


def test_follows_the_anchors_of_the_model() -> None:
    model = build_model("yolov7-tiny", 2)
    loss = DetectionLoss(model, TINY_HYP)
    before, _ = loss(_raw(), _targets(), IMAGES)
    model.head.anchors.mul_(2)
    after, _ = loss(_raw(), _targets(), IMAGES)
    assert before.item() != after.item()


class _Peak(TorchDispatchMode):
    """Adds up the bytes that are held by the results of all operations, and keeps the most."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.bytes: int = 0
        self._held: dict[int, int] = {}

    def __torch_dispatch__(
        self,
        func: Callable[..., object],
        types: object,
        args: tuple[object, ...] = (),
        kwargs: dict[str, object] | None = None,
    ) -> object:
        out = func(*args, **(kwargs or {}))
        for each in out if isinstance(out, tuple | list) else (out,):
            if isinstance(each, torch.Tensor):
                storage = each.untyped_storage()
                if storage.data_ptr() not in self._held:
                    self._held[storage.data_ptr()] = storage.nbytes()
                    weakref.finalize(storage, self._held.pop, storage.data_ptr(), 0)
        self.bytes = max(self.bytes, sum(self._held.values()))
        return out


def _peak(targets: int, num_classes: int = 80) -> int:
    raw = [level.detach() for level in _raw(num_classes)]
    peak = _Peak()
    with peak:
        _loss(num_classes)(raw, _targets(targets, num_classes), IMAGES)
    return peak.bytes


def test_memory_grows_no_faster_than_the_targets() -> None:
    few, many = _peak(400), _peak(1600)

    assert few < many < 4.4 * few


@pytest.mark.parametrize(
    ("raw", "targets", "named"),
    [
        (_raw(), torch.zeros(3, 5), r"targets have shape \(3, 5\)"),
        (_raw(3), torch.zeros(0, 6), r"expected 3 of \(N, 3, h, w, 7\)"),
        ([torch.zeros(1, 252, 7)], torch.zeros(0, 6), "in train mode"),
    ],
)
def test_refuses_wrong_shapes(raw: list[torch.Tensor], targets: torch.Tensor, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        _loss()(raw, targets, IMAGES)


def test_gain_scaling_gives_the_documented_example() -> None:
    scaled = scale_gains(TINY_HYP, 3, 320)
    assert (scaled["box"], scaled["cls"], scaled["obj"]) == pytest.approx((0.05, 0.01875, 0.25))
    assert TINY_HYP["cls"] == 0.5


def test_refuses_a_gain_that_is_no_number() -> None:
    with pytest.raises(ValueError, match="hyper-parameter box is 'much'"):
        DetectionLoss(build_model("yolov7-tiny", 1), {"box": "much", "unknown": object()})


def test_class_factors_multiply_the_class_term_of_their_rows() -> None:
    model, raw = build_model("yolov7-tiny", 2), _raw()
    only_first = _targets()
    only_first[:, 1] = 0
    _, plain = DetectionLoss(model, TINY_HYP)(raw, only_first, IMAGES)
    weighting = Weighting(classes=torch.tensor([3.0, 0.1]))
    _, heavy = DetectionLoss(model, TINY_HYP, weighting)(raw, only_first, IMAGES)

    assert heavy[2].item() == pytest.approx(3 * plain[2].item())
    assert torch.equal(heavy[:2], plain[:2])


def test_shares_make_parts_of_a_batch_add_up_to_the_whole() -> None:
    model, raw, targets = build_model("yolov7-tiny", 2), _raw(), _targets()
    whole, _ = DetectionLoss(model, TINY_HYP)(raw, targets, IMAGES)
    counts: list[list[int]] = []

    def count(positives: Sequence[int], _images: int) -> list[float]:
        counts.append(list(positives))
        return [1.0] * len(positives)

    def part(index: int, shares: Callable[[Sequence[int], int], Sequence[float]]) -> torch.Tensor:
        own = targets[targets[:, 0] == index].clone()
        own[:, 0] = 0
        maps = [level[index : index + 1] for level in raw]
        return DetectionLoss(model, TINY_HYP, Weighting(shares=shares))(maps, own, IMAGES)[0]

    for index in (0, 1):
        part(index, count)
    total = [sum(level) for level in zip(*counts, strict=True)]
    parts = [
        part(index, lambda here, _n: [2 * h / t for h, t in zip(here, total, strict=True)])
        for index in (0, 1)
    ]
    assert counts[0] != counts[1]
    assert sum(p.item() for p in parts) == pytest.approx(whole.item(), rel=1e-6)
