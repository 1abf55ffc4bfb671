import logging
from datetime import datetime, timezone
from pathlib import Path

import pytest

from edgedet.detect.remembered import Choice, ChoiceStore, Facts, Timing, store_in
from tests.odd_files import ODD, put_odd

FACTS = Facts(
    bundle="0" * 64,
    machine="Fast CPU",
    cores=2,
    threads=2,
    max_batch=8,
    edgedet="0.1.0",
    libraries={"onnxruntime": "1.20", "openvino": "2026.1"},
)


def choice(facts: Facts = FACTS, backend: str = "openvino") -> Choice:
    timing = Timing(backend="openvino", images_per_s=40.0, single_ms=25.0, batch=2, batch_ms=50.0)
    now = datetime(2026, 5, 4, 9, 12, tzinfo=timezone.utc)
    return Choice(facts=facts, measured_at=now, backend=backend, timings=[timing])


def test_gives_back_what_was_kept(tmp_path: Path) -> None:
    store = ChoiceStore([tmp_path])
    path = store.save(choice())
    assert path is not None
    assert store.load(FACTS) == (choice(), path)


@pytest.mark.parametrize(
    "change",
    [
        {"bundle": "1" * 64},
        {"machine": "Slow CPU"},
        {"cores": 4},
        {"threads": 1},
        {"max_batch": 1},
        {"edgedet": "0.2.0"},
        {"libraries": {"onnxruntime": "1.20"}},
        {"libraries": {"onnxruntime": "1.20", "openvino": "2026.2"}},
    ],
    ids=str,
)
def test_other_facts_are_another_choice(tmp_path: Path, change: dict[str, object]) -> None:
    store = ChoiceStore([tmp_path])
    store.save(choice())
    assert store.load(FACTS.model_copy(update=change)) is None


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "cannot be used"),
        (b"\xff\xfe", "cannot be used"),
        (b"{}", "cannot be used (facts: Field required)"),
        (b"[" * 70_000, "cannot be used (more than 65536 bytes)"),
        (choice().model_dump_json().replace("40.0", "-1").encode(), "timings.0.images_per_s"),
        (choice(backend="tensorrt").model_dump_json().encode(), "is about something else"),
    ],
    ids=["empty", "no text", "no fields", "huge", "impossible", "never measured"],
)
def test_what_is_damaged_is_not_believed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, content: bytes, told: str
) -> None:
    store = ChoiceStore([tmp_path])
    path = store.save(choice())
    assert path is not None
    path.write_bytes(content)
    with caplog.at_level(logging.WARNING, "edgedet.detect"):
        assert store.load(FACTS) is None
    assert told in caplog.text
    store.save(choice())
    assert store.load(FACTS) is not None


def test_where_the_first_folder_cannot_be_written_the_next_is_used(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    store = ChoiceStore([tmp_path / "file", tmp_path / "cache"])
    path = store.save(choice())
    assert path is not None
    assert path.parent == tmp_path / "cache" / "backends"
    assert store.load(FACTS) is not None
    assert ChoiceStore([tmp_path / "file"]).save(choice()) is None


def test_measuring_anew_reads_nothing_and_keeps_the_result(tmp_path: Path) -> None:
    anew = store_in(tmp_path, remeasures=True)
    anew.save(choice())
    assert anew.load(FACTS) is None
    assert store_in(tmp_path).load(FACTS) is not None


def test_only_the_latest_are_kept(tmp_path: Path) -> None:
    store = ChoiceStore([tmp_path])
    for cores in range(1, 80):
        store.save(choice(FACTS.model_copy(update={"cores": cores})))
    assert len(list((tmp_path / "backends").iterdir())) == 64
    assert store.load(FACTS.model_copy(update={"cores": 79})) is not None


@pytest.mark.parametrize("kind", ODD)
def test_what_is_no_file_is_measured_anew(tmp_path: Path, kind: str) -> None:
    put_odd(tmp_path / "backends" / FACTS.file_name, kind)

    assert ChoiceStore([tmp_path]).load(FACTS) is None
