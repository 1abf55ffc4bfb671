"""Scores of an epoch: the same whoever scores which pictures."""

from pathlib import Path
from typing import Any

import pytest
import torch

from tests.train.console import SIDE, make_data
from train.commands.scoring import Scorer, _in_order
from train.data.dataset import read_data_yaml
from train.engine.world import ALONE, World
from train.evaluate import TorchPredictor, evaluate
from train.model import build_model

NAMES = ("round", "square")


def test_agrees_with_the_evaluation_to_the_last_bit(tmp_path: Path) -> None:
    samples = read_data_yaml(make_data(tmp_path, NAMES, 11)).samples("val")
    torch.manual_seed(0)
    network = build_model("yolov7-tiny", 2).eval()
    scores = Scorer(samples, NAMES, SIDE, ALONE)(network)
    report = evaluate(TorchPredictor(network, (SIDE, SIDE)), samples, NAMES)

    assert (scores.ap50, scores.ap) == (report.ap50, report.ap)
    assert scores.class_ap == pytest.approx([each.ap for each in report.per_class])


@pytest.mark.parametrize(("size", "pictures"), [(2, 11), (3, 20), (4, 5)])
def test_parts_come_back_in_the_order_of_one_process(size: int, pictures: int) -> None:
    batches = [list(range(i, min(i + 4, pictures))) for i in range(0, pictures, 4)]
    parts = [[n for batch in batches[rank::size] for n in batch] for rank in range(size)]
    found: Any = parts  # numbers stand for pictures

    together: Any = _in_order(found, len(batches), 4)
    assert together == list(range(pictures))


def test_processes_take_whole_batches_in_turn(tmp_path: Path) -> None:
    samples = read_data_yaml(make_data(tmp_path, NAMES, 11)).samples("val")
    network = build_model("yolov7-tiny", 2).eval()
    seen: list[int] = []

    class Part(World):
        def gather(self, value: object) -> list[object]:  # type: ignore[override]
            assert isinstance(value, list)
            seen.append(len(value))
            return [value]

    for rank in range(2):
        Scorer(samples, NAMES, SIDE, Part(rank, 2))(network)
    assert seen == [8, 3]
