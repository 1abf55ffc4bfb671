from pathlib import Path

import pytest

from edgedet.commands.bench.plan import PATTERN, BenchRequest, make_plan
from edgedet.detect import available_backends
from edgedet.errors import UsageError
from tests.detect.tiny_bundle import make_tiny_bundle


def request(folder: Path, **words: object) -> BenchRequest:
    bundle = folder / "tiny"
    if not bundle.exists():
        make_tiny_bundle(bundle)
    return BenchRequest(**{"bundle": bundle, **words})  # type: ignore[arg-type]


def test_by_default_every_backend_reads_a_pattern(tmp_path: Path) -> None:
    plan = make_plan(request(tmp_path))
    assert plan.backends == available_backends()
    assert plan.batches == (1, 4, 8)
    assert plan.source.uri == PATTERN
    assert plan.source.is_lossless
    assert not plan.is_strict


def test_a_file_is_read_over_and_over(tmp_path: Path) -> None:
    clip = tmp_path / "a b.avi"
    clip.touch()
    plan = make_plan(request(tmp_path, source=str(clip), backends="onnxruntime", batches="2,2"))
    assert plan.source.uri == clip.as_uri()
    assert plan.source.loop
    assert plan.is_strict
    assert plan.batches == (2,)
    assert plan.model("onnxruntime").backend == "onnxruntime"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ({"bundle": Path("/nowhere")}, "'/nowhere' is not there"),
        ({"batches": "1,x"}, "--batch 1,x: expected numbers from 1 to 64"),
        ({"batches": "0"}, "--batch 0: expected numbers"),
        ({"batches": "65"}, "--batch 65: expected numbers"),
        ({"backends": "onnxruntime,cuda"}, "'cuda' is not installed here; expected all"),
        ({"source": "rtsp://10.0.0.5/1"}, "gives frames at its own pace"),
        ({"source": "/nowhere.avi"}, "'/nowhere.avi' is not there"),
        ({"source": f"{PATTERN}&frames=5"}, "ends too soon"),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
def test_nonsense_is_refused(tmp_path: Path, words: dict[str, object], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        make_plan(request(tmp_path, **words))
