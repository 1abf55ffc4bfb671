"""The whole command, on a tiny model and for moments only."""

import json
import logging
from pathlib import Path

import pytest

from edgedet.commands.bench import BenchRequest, Question, bench
from edgedet.commands.bench import command as commands
from edgedet.errors import ModelError
from edgedet.manifest import MODEL_FILE
from tests.detect.tiny_bundle import describe, make_tiny_bundle

PATTERN = "test://ball?width=96&height=64&fps=30"


def request(folder: Path, **words: object) -> BenchRequest:
    bundle = folder / "tiny"
    if not bundle.exists():
        make_tiny_bundle(bundle)
    given = {
        "bundle": bundle,
        "source": PATTERN,
        "backends": "onnxruntime",
        "batches": "1,2",
        "threads": 1,
        "seconds": 0.1,
    }
    return BenchRequest(**{**given, **words})  # type: ignore[arg-type]


def test_measures_every_batch_size_and_answers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edgedet.commands.bench.whole._WARM_S", 0.1)
    question = Question(2, 20.0, 5000.0)
    assert bench(request(tmp_path, question=question, as_json=True, seconds=0.4)) == 0
    found = json.loads(capsys.readouterr().out)
    assert [(row["backend"], row["batch"]) for row in found["rows"]] == [
        ("onnxruntime", 1),
        ("onnxruntime", 2),
    ]
    for row in found["rows"]:
        assert row["bare"]["images_per_s"] > 0
        assert row["whole"]["images_per_s"] > 0
        assert row["whole"]["stages"]["infer"]["count"] > 0
        assert 0 < row["whole"]["busy"] <= 1
    assert found["source"]["decode_ms"] > 0
    assert 0 < found["answer"]["whole"]["images_per_s"] < 60  # 40, and what had piled up before
    assert found["answer"]["question"] == {"cameras": 2, "fps": 20.0, "latency_ms": 5000.0}


def test_a_backend_that_was_asked_for_by_name_must_work(tmp_path: Path) -> None:
    asked = request(tmp_path)
    (asked.bundle / MODEL_FILE).write_bytes(b"no model")
    describe(asked.bundle)
    with pytest.raises(ModelError, match="cannot load"):
        bench(asked)


def test_without_a_working_backend_every_reason_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = request(tmp_path, backends="all")
    (asked.bundle / MODEL_FILE).write_bytes(b"no model")
    describe(asked.bundle)
    with pytest.raises(ModelError, match="no backend runs"):
        bench(asked)
    monkeypatch.undo()


def test_starts_of_pipelines_are_not_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edgedet.commands.bench.whole._WARM_S", 0.0)
    root = logging.getLogger()
    monkeypatch.setattr(root, "level", logging.INFO)
    assert bench(request(tmp_path, batches="1")) == 0
    assert [record for record in caplog.records if record.name.startswith("edgedet")] == []
    assert logging.getLogger("edgedet").level == logging.NOTSET


def test_a_busy_machine_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("edgedet.commands.bench.whole._WARM_S", 0.0)
    for is_busy in (True, False):
        monkeypatch.setattr(commands, "is_overloaded", lambda busy=is_busy: busy)
        assert bench(request(tmp_path, batches="1")) == 0
        assert ("those of a busy machine" in " ".join(capsys.readouterr().out.split())) is is_busy


def test_trtexec_is_not_asked_about_other_backends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(commands, "find_trtexec", lambda: Path("/nowhere/trtexec"))
    monkeypatch.setattr("edgedet.commands.bench.whole._WARM_S", 0.0)
    assert bench(request(tmp_path, batches="1")) == 0
    assert "trtexec" not in capsys.readouterr().out
