"""A real service changes its model, on real sessions, while cameras and files go on."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edgedet.app import Application
from edgedet.clock import SystemClock
from edgedet.config.settings import Settings
from edgedet.detect import store_in
from edgedet.errors import ModelError
from edgedet.manifest import Bundle, write_manifest
from edgedet.stage import PipelineStage
from edgedet.stream.model import Thresholds
from tests.detect.tiny_bundle import make_tiny_bundle
from tests.models.bundles import make_golden_bundle
from tests.runs import PATTERN, read_lines, tiny_settings
from tests.stream.fakes import WAIT_S, wait_until

CAMERA: dict[str, object] = {"id": "cam", "uri": PATTERN}


class Bench:
    """An application with a stage."""

    def __init__(self, settings: Settings) -> None:
        self.app = Application(settings)
        pipeline = self.app.parts.pipeline
        self.stage = PipelineStage(
            lambda: self.app.reloader.settings,
            pipeline,
            store_in(settings.state_dir),
            SystemClock(),
            *([] if self.app.samples.now is None else [self.app.samples.now.hear]),
        )
        self.pipeline = pipeline
        self.app.start()

    @property
    def frames(self) -> int:
        return sum(each.frames for each in self.stage.figures().sources.values())


@pytest.fixture
def start() -> Iterator[Callable[[Settings], Bench]]:
    """Starts applications, and stops them."""
    made: list[Bench] = []

    def make(settings: Settings) -> Bench:
        made.append(Bench(settings))
        return made[-1]

    yield make
    for bench in made:
        assert bench.app.stop(WAIT_S)


def _named(bundle: Bundle, version: str, *class_names: str) -> Bundle:
    changes = {"version": version, "class_names": list(class_names) or ["bright"]}
    return write_manifest(bundle.folder, bundle.manifest.model_copy(update=changes))


def test_a_model_with_another_input_and_more_classes_takes_over_and_loses_nothing(
    start: Callable[[Settings], Bench], tmp_path: Path
) -> None:
    out = tmp_path / "out.jsonl"
    file = {"id": "file", "uri": f"{PATTERN}&frames=1000000", "realtime": False}
    bench = start(tiny_settings(tmp_path, CAMERA, file, jsonl=out, batch={"max_size": 3}))
    wait_until(lambda: bench.frames > 20)
    new = make_tiny_bundle(tmp_path / "new", (96, 128), 7)
    candidate = bench.stage.prepare(_named(new, "2", "bright", "dark"))
    assert candidate.backend == "onnxruntime"
    assert candidate.golden_deviation() == ""
    shadow = bench.stage.shadow(candidate, 0.5, time.sleep)
    assert shadow.new.pictures > 0
    assert shadow.agreed <= shadow.compared
    bench.stage.switch(candidate)
    wait_until(lambda: bench.frames > 20)
    bench.stage.settle()
    wait_until(lambda: bench.frames > 100)
    assert bench.app.stop(WAIT_S)
    assert bench.app.error is None
    lines = [line for line in read_lines(out) if line["source"] == "file"]
    assert [line["frame"]["seq"] for line in lines] == list(range(len(lines)))
    versions = [line["model"]["version"] for line in lines]
    assert versions == sorted(versions)
    assert {*versions} == {"1", "2"}


def test_the_way_back_and_its_figures(start: Callable[[Settings], Bench], tmp_path: Path) -> None:
    bench = start(tiny_settings(tmp_path, CAMERA))
    new = _named(make_tiny_bundle(tmp_path / "new"), "2")
    bench.stage.switch(bench.stage.prepare(new))
    wait_until(lambda: bench.frames > 3)
    assert bench.pipeline.roster.in_use.model.identity.version == "2"
    bench.stage.back()
    assert bench.pipeline.roster.in_use.model.identity.version == "1"
    wait_until(lambda: bench.frames > 3)
    released = bench.stage.prepare(new)
    bench.stage.release(released)
    assert released.runner.has_ended


def test_a_threshold_that_a_command_has_set_outlives_the_model(
    start: Callable[[Settings], Bench], tmp_path: Path
) -> None:
    bench = start(tiny_settings(tmp_path, CAMERA))
    found = bench.pipeline.thresholds
    bench.pipeline.thresholds = Thresholds(0.6, found.iou)
    new = make_tiny_bundle(tmp_path / "new")
    own = new.manifest.thresholds.model_copy(update={"score": 0.3, "iou": 0.7})
    new = write_manifest(new.folder, new.manifest.model_copy(update={"thresholds": own}))
    bench.stage.switch(bench.stage.prepare(new))
    assert bench.pipeline.thresholds == Thresholds(0.6, 0.7)


@pytest.mark.parametrize("what", ["answers", "graph", "classes"])
def test_a_model_that_is_no_good_leaves_the_old_one_alone(
    start: Callable[[Settings], Bench], tmp_path: Path, what: str
) -> None:
    wanted = {"objects": {"classes": ["bright"]}}
    bench = start(tiny_settings(tmp_path, CAMERA | wanted))
    bundle = make_golden_bundle(tmp_path / "new", score_error=0.5 if what == "answers" else 0.0)
    if what == "graph":
        bundle.model_path.write_bytes(b"no model")
    if what == "classes":
        bundle = _named(bundle, "2", "dark")
    expected = {
        "answers": "answers wrongly",
        "graph": "is not the file that the manifest names",
        "classes": "does not fit the configuration: .*objects.classes.*'bright'",
    }
    with pytest.raises(ModelError, match=expected[what]):
        bench.stage.prepare(bundle, time.sleep)
    before = bench.frames
    wait_until(lambda: bench.frames > before)


def test_an_interruption_leaves_nothing_loaded(
    start: Callable[[Settings], Bench], tmp_path: Path
) -> None:
    bench = start(tiny_settings(tmp_path, CAMERA))

    def pause(_seconds: float) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        bench.stage.prepare(make_tiny_bundle(tmp_path / "new"), pause)
    assert bench.pipeline.roster.in_use.model.identity.version == "1"


def test_where_two_models_disagree_a_frame_is_kept(
    start: Callable[[Settings], Bench], tmp_path: Path
) -> None:
    apart = {"name": "apart", "type": "models_disagree"}
    sampling = {
        "enabled": True,
        "strategies": [apart],
        "diversity": {"enabled": False},
        "reserve_mib": 0,
    }
    bench = start(tiny_settings(tmp_path, CAMERA, sampling=sampling))
    sampler = bench.app.samples.now
    assert sampler is not None
    new = make_tiny_bundle(tmp_path / "new", (224, 288))  # its squares are smaller
    candidate = bench.stage.prepare(_named(new, "2", "bright", "dark"))
    assert sampler.status().frames["kept"] == 0
    figures = bench.stage.shadow(candidate, 1.0, time.sleep)
    assert figures.agreed < figures.compared
    wait_until(lambda: sampler.status().frames["kept"] > 0)
    bench.stage.switch(candidate)
    wait_until(lambda: bench.frames > 3)
