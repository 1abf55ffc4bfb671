"""A chosen frame becomes a sample: encoded, hidden, labelled, paid for."""

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from edgedet.config.sampling import StrategySettings
from edgedet.detections import SeenFrame
from edgedet.errors import ConfigError
from edgedet.sample.base import State
from edgedet.sample.budget import Budget
from edgedet.sample.diversity import look_of
from edgedet.sample.keeper import Found, Keeper
from edgedet.sample.selection import Choice
from edgedet.sample.store import SampleStore
from tests.sample.fakes import (
    CLASSES,
    SteppingClock,
    frame,
    proposals,
    sampling,
    seen,
    store_in,
)

ROWS = ((10, 20, 40, 60, 0.6, 1), (50, 5, 90, 35, 0.1, 0))


def found(taken: SeenFrame | None = None) -> Found:
    taken = taken or seen(frame(at_s=1.5), *ROWS)
    considered = proposals(*ROWS)
    detections = considered.above(0.25)
    return Found(taken, considered, detections, look_of(taken.frame, detections))


def keeper(folder: Path, **settings: Any) -> tuple[Keeper, SampleStore]:  # noqa: ANN401
    made, clock, store = sampling(**settings), SteppingClock(), store_in(folder)
    return Keeper(made, CLASSES, store, Budget(store.ledger, (), clock), clock), store


def choice(**settings: object) -> Choice:
    rule = StrategySettings.model_validate({"name": "s", "type": "random", **settings})
    return Choice(rule, "by chance", "car")


def test_a_sample_has_picture_prelabels_tags_and_its_price(tmp_path: Path) -> None:
    kept_by, store = keeper(tmp_path, tags=["site-a"])

    kept = kept_by.keep(found(), choice(tags=["night", "site-a"]))

    assert kept is not None
    assert kept.state is State.APPROVED
    assert kept.tags == ("site-a", "night")
    assert kept.id.startswith("gate-20260504T090001500-")
    assert kept.captured == "2026-05-04T09:00:01.500Z"
    assert [(o.class_name, o.box) for o in kept.objects] == [
        ("car", (0.104167, 0.277778, 0.416667, 0.833333))
    ]
    path = store.path_of(kept)
    assert path is not None
    image = cv2.imread(str(path))
    assert image is not None
    assert image.shape == (72, 96, 3)
    facts = json.loads(path.with_suffix(".json").read_text("utf-8"))
    assert facts["id"] == kept.id
    spent = store.ledger.reading("SELECT strategy, source_id, class_name FROM spending")
    assert [tuple(row) for row in spent] == [("s", "gate", "car")]


def test_the_same_picture_is_kept_and_paid_once(tmp_path: Path) -> None:
    kept_by, store = keeper(tmp_path)

    assert kept_by.keep(found(), choice()) is not None
    assert kept_by.keep(found(), choice()) is None
    assert len(store.ledger.reading("SELECT * FROM spending")) == 1


def test_approval_can_be_left_to_a_person(tmp_path: Path) -> None:
    kept = keeper(tmp_path, approval="manual")[0].keep(found(), choice())

    assert kept is not None
    assert kept.state is State.KEPT


def test_what_is_hidden_is_on_no_disk_and_others_see_the_frame_as_it_was(tmp_path: Path) -> None:
    grey = np.random.default_rng(0).integers(0, 256, (72, 96, 1), dtype=np.uint8)
    noise = np.ascontiguousarray(grey.repeat(3, axis=2))  # JPEG halves the size of colours
    taken = seen(frame(image=noise), *ROWS)
    before = taken.frame.planes[0].copy()
    blur = {"classes": ["person"], "margin": 0, "regions": [{"box": [0, 0.5, 0.1, 1]}]}
    kept_by, store = keeper(tmp_path, blur=blur)

    kept = kept_by.keep(found(taken), choice())

    assert kept is not None
    image = cv2.imread(str(store.path_of(kept)))
    assert image is not None
    changed = np.abs(image[:, :, ::-1].astype(int) - before).max(axis=2) > 60
    assert changed[5:35, 50:90].any()  # a person that was not even detected
    assert changed[37:, :9].any()
    assert not changed[:32, :40].any()
    assert np.array_equal(taken.frame.planes[0], before)


def test_an_unknown_class_to_blur_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no class face; it has person, car, bicycle"):
        keeper(tmp_path, blur={"classes": ["face"]})
