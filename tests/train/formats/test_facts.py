from pathlib import Path

import pytest

from edgedet.errors import ModelError
from train.formats.facts import FACTS_FILE, Check, ExportFacts, read_facts, write_facts

FACTS = ExportFacts(
    format="tflite",
    file="model.tflite",
    name="two",
    architecture="yolov7-tiny",
    class_names=["a", "b"],
    height=64,
    width=96,
    candidates=252,
    check=Check(pictures="8 of val, data.yaml", box_px=0.01, score=1e-5),
)


def test_are_read_as_they_were_written(tmp_path: Path) -> None:
    write_facts(tmp_path, FACTS)
    assert read_facts(tmp_path) == FACTS
    assert '"schema": "edgedet.export/1"' in (tmp_path / FACTS_FILE).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("{}", "format: Field required"),
        ("no json", "Invalid JSON"),
        (FACTS.model_dump_json().replace("model.tflite", "../other.tflite"), "file: String"),
    ],
)
def test_something_else_is_refused(tmp_path: Path, content: str, told: str) -> None:
    (tmp_path / FACTS_FILE).write_text(content, encoding="utf-8")
    with pytest.raises(ModelError, match=told):
        read_facts(tmp_path)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"cannot read .*export\.json"):
        read_facts(tmp_path)
