"""Anchors: how well they fit, and better ones."""

from pathlib import Path

import numpy as np
import pytest
from numpy.random import default_rng

from train.data.dataset import Sample
from train.data.store import PictureStore
from train.engine.autoanchor import fit_anchors, fit_to_pictures, object_sizes, reach, set_anchors
from train.model import build_model


class GreySample(Sample):
    def load(self) -> np.ndarray:
        return np.full((50, 100, 3), 100, dtype=np.uint8)


def store_of(*sizes: tuple[float, float]) -> PictureStore:
    labels = [np.array([[0, 0.5, 0.5, w, h]], dtype=np.float32) for w, h in sizes]
    return PictureStore([GreySample(Path(f"{n}.png"), one) for n, one in enumerate(labels)], 100)


def test_reach_counts_anchors_within_the_factor() -> None:
    sizes = np.array([[10.0, 10.0], [39.0, 10.0], [41.0, 10.0], [2.4, 10.0]])
    fits = reach(sizes, np.array([[10.0, 10.0], [12.0, 12.0]]), 4.0)

    assert fits.recall == 0.75  # the last one is too narrow
    assert fits.mean == pytest.approx((2 + 2 + 1 + 0) / 4)


def test_sizes_are_in_pixels_of_the_input() -> None:
    assert object_sizes(store_of((0.1, 0.4)), 640).tolist() == [pytest.approx([64, 128], rel=1e-5)]


def test_fitted_anchors_find_clusters_in_order_of_area() -> None:
    rng = default_rng(0)
    centres = np.array([[4.0, 40.0], [100.0, 8.0], [300.0, 300.0]])
    sizes = (centres[rng.integers(3, size=300)] * rng.uniform(0.95, 1.05, (300, 2))).clip(2)
    anchors = fit_anchors(sizes, 3, 4.0, default_rng(1))

    assert anchors == pytest.approx(centres, rel=0.1)


def test_good_anchors_stay() -> None:
    model = build_model("yolov7-tiny", 1)
    before = model.anchors_px
    report = fit_to_pictures(model, store_of(*[(0.2, 0.4)] * 12), 320, 4.0, 0)

    assert report.after is None
    assert "100.0% of the objects, good enough" in str(report)
    assert model.anchors_px == before


def test_objects_of_another_shape_get_anchors_in_both_buffers() -> None:
    model = build_model("yolov7-tiny", 1)
    rng = default_rng(2)
    flat = [(float(w), 0.02) for w in rng.uniform(0.7, 1.0, 40)]
    report = fit_to_pictures(model, store_of(*flat), 640, 4.0, 0)

    assert report.before.recall < 0.1
    assert report.after is not None
    assert report.after.recall == 1
    assert "which are used" in str(report)
    anchors = np.array(model.anchors_px).reshape(-1, 2)
    assert (anchors[:, 0] > 10 * anchors[:, 1]).all()
    strides = np.array(model.strides).reshape(-1, 1, 1)
    assert model.head.anchors.numpy() * strides == pytest.approx(np.array(model.anchors_px))


def test_the_same_seed_gives_the_same_anchors() -> None:
    flat = [(0.3 + n / 100, 0.02) for n in range(40)]
    models = [build_model("yolov7-tiny", 1) for _ in range(2)]
    for model in models:
        fit_to_pictures(model, store_of(*flat), 640, 4.0, 3)

    one, other = (str(model.anchors_px) for model in models)
    assert one == other


def test_too_few_different_sizes_change_nothing() -> None:
    model = build_model("yolov7-tiny", 1)
    report = fit_to_pictures(model, store_of((1.0, 0.01)), 640, 4.0, 0)

    assert report.after is None
    assert "no better ones were found" in str(report)


def test_anchors_are_set_smallest_first() -> None:
    model = build_model("yolov7-tiny", 1)
    set_anchors(model, np.arange(2.0, 20.0).reshape(9, 2))

    assert model.head.anchor_grid.flatten()[:2].tolist() == [2, 3]
    assert model.head.anchors[2, 0].tolist() == pytest.approx([14 / 32, 15 / 32])
