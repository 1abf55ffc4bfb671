"""The pipeline of the application at full speed and at a camera's pace."""

from pathlib import Path

import pytest

from edgedet.commands.bench import whole as module
from edgedet.commands.bench.figures import Question
from edgedet.commands.bench.whole import Load, measure_whole, try_cameras
from edgedet.config.model import ModelSettings
from edgedet.config.source import SourceSettings
from edgedet.errors import ModelError
from edgedet.manifest import MODEL_FILE
from edgedet.stream.stats import Stage
from tests.detect.tiny_bundle import describe, make_tiny_bundle


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Load:
    monkeypatch.setattr(module, "_WARM_S", 0.1)
    make_tiny_bundle(tmp_path)
    model = ModelSettings(bundle=tmp_path, backend="onnxruntime", threads=1)
    uri = "test://ball?width=96&height=64&fps=2"
    source = SourceSettings(id="a", uri=uri, realtime=False)
    return Load(model, source, 2, tmp_path)


def test_at_full_speed_no_frame_waits_for_a_camera(load: Load) -> None:
    found = measure_whole(load, 2, 0.3)
    assert found.images_per_s > 4  # a camera would give 2
    assert found.stages[Stage.TOTAL].count > 0
    assert 0 < found.busy <= 1
    assert 0 < found.cpu <= 1
    assert 1 <= found.mean_batch <= 2


def test_cameras_come_at_their_pace(load: Load) -> None:
    found = try_cameras(load, Question(3, 4.0, 100.0), 0.8)
    assert 4 < found.images_per_s < 24  # 12, and what had piled up; less if others take the cores
    assert found.seconds > 0.7


def test_what_ends_the_pipeline_is_raised(load: Load) -> None:
    folder = load.model.bundle
    (folder / MODEL_FILE).write_bytes(b"no model")
    describe(folder)
    with pytest.raises(ModelError, match="cannot load"):
        measure_whole(load, 1, 0.1)
