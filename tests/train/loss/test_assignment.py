import torch

from train.loss.assignment import Geometry, assign_ota, find_candidates

ANCHORS = torch.tensor([[2.0, 2.0], [4.0, 4.0], [40.0, 40.0]])


def _target(cx: float, cy: float, w: float = 0.3, h: float = 0.3) -> torch.Tensor:
    return torch.tensor([[0.0, 0.0, cx, cy, w, h]])


def _cells(targets: torch.Tensor, bias: float = 0.5) -> list[tuple[int, int, int]]:
    found = find_candidates(targets, ANCHORS, (10, 20), 4.0, bias)
    columns = (found.anchor.tolist(), found.row.tolist(), found.column.tolist())
    return list(zip(*columns, strict=True))


def test_takes_the_cell_then_the_nearer_neighbours_anchor_by_anchor() -> None:
    # 20 columns, 10 rows: x = 5.2 (left is nearer), y = 3.7 (below is nearer)
    assert _cells(_target(0.26, 0.37)) == [
        (0, 3, 5),
        (1, 3, 5),
        (0, 3, 4),
        (1, 3, 4),
        (0, 4, 5),
        (1, 4, 5),
    ]


def test_takes_four_neighbours_with_the_wide_bias() -> None:
    assert len(_cells(_target(0.26, 0.37), bias=1.0)) == 10


def test_leaves_out_neighbours_beyond_the_border() -> None:
    assert {(row, column) for _, row, column in _cells(_target(0.01, 0.99))} == {(9, 0)}


def test_leaves_out_anchors_of_another_size_and_empty_boxes() -> None:
    assert not _cells(_target(0.5, 0.5, w=0.0))
    assert not _cells(_target(0.5, 0.5, w=0.01, h=0.01))
    assert not _cells(torch.zeros(0, 6))


def test_scales_by_width_and_height_not_by_height_alone() -> None:
    """The candidate that fits in the wide image must win over its neighbour."""
    anchors, hw = torch.tensor([[[4.0, 2.0]]]), (8, 32)
    targets = torch.tensor([[0.0, 0.0, 10.5 / 32, 4.5 / 8, 4 / 32, 2 / 8]])
    raw = [torch.zeros(1, 1, *hw, 6)]  # every cell predicts its centre and the anchor's size
    candidates = [find_candidates(targets, anchors[0], hw, 4.0)]
    geometry = Geometry(anchors, (8,), (64, 256))
    (chosen,) = assign_ota(raw, targets, candidates, geometry)
    assert (chosen.row.tolist(), chosen.column.tolist()) == ([4], [10])
