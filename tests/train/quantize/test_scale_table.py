import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from edgedet.errors import ModelError
from train.quantize.scale_table import ScaleTable, read_scale_table, table_from_json


def _table() -> ScaleTable:
    return ScaleTable(
        "percentile",
        {"network.model.2.conv": 0.1, "network.model.1.conv": 0.25},
        {"network.model.0.conv": "first convolution"},
        {"pictures": 300, "percentile": 99.99, "data_id": "abc"},
    )


def test_comes_back_from_its_file_and_its_digest_is_that_of_the_file(tmp_path: Path) -> None:
    table = _table()
    table.save(tmp_path / "calibration.json")

    assert read_scale_table(tmp_path / "calibration.json") == table
    assert table.digest == hashlib.sha256((tmp_path / "calibration.json").read_bytes()).hexdigest()


def test_scales_are_float32_numbers_in_order_of_names() -> None:
    table = _table()
    assert list(table.inputs) == ["network.model.1.conv", "network.model.2.conv"]
    assert table.inputs["network.model.2.conv"] == float(np.float32(0.1))
    assert table == table_from_json(json.loads(json.dumps(table.to_json())), "here")


def test_more_can_be_left_in_float() -> None:
    table = _table().without({"network.model.2.conv": "costs 0.8 points"})
    assert list(table.inputs) == ["network.model.1.conv"]
    assert table.left_in_float["network.model.2.conv"] == "costs 0.8 points"
    assert table.left_in_float["network.model.0.conv"] == "first convolution"


@pytest.mark.parametrize("scale", [0.0, -1.0, float("nan"), float("inf"), 1e-60])
def test_a_scale_is_a_positive_float32(scale: float) -> None:
    with pytest.raises(ModelError, match=r"input of a is .*expected a positive number"):
        ScaleTable("max", {"a": scale})


def test_a_convolution_is_on_one_side_only() -> None:
    with pytest.raises(ModelError, match="a has a scale, and is left in float too"):
        ScaleTable("max", {"a": 1.0}, {"a": "no"})


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"schema": "edgedet.scales/2"}, "its schema is 'edgedet.scales/2'"),
        ({"method": "entropy"}, "method is 'entropy', expected one of histogram-mse"),
        ({"inputs": [1.0]}, "'inputs' is list, expected a mapping"),
        ({"inputs": {"a": "x"}}, "the scale of a is 'x', expected a number"),
        ({"inputs": {"a": True}}, "the scale of a is True, expected a number"),
    ],
    ids=lambda value: "" if isinstance(value, dict) else value,
)
def test_says_what_is_wrong_in_a_table(change: dict[str, object], told: str) -> None:
    with pytest.raises(ModelError, match=rf"(?s)here.*{told}"):
        table_from_json(_table().to_json() | change, "here")


def test_says_which_file_is_none(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{", encoding="utf-8")
    with pytest.raises(ModelError, match=r"a\.json is not JSON"):
        read_scale_table(tmp_path / "a.json")
    with pytest.raises(ModelError, match=r"cannot read scale table .*b\.json"):
        read_scale_table(tmp_path / "b.json")
