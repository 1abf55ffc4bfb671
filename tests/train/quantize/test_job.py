"""Whole runs on a random network: what is written, and that nothing is when INT8 loses too much."""

import json
import shutil
from pathlib import Path

import onnx
import pytest

from edgedet.errors import DataError, ModelError, UsageError
from edgedet.manifest import Bundle, read_bundle, verify_bundle
from train.export.lint import lint_graph
from train.quantize import gate, job
from train.quantize.job import quantize
from train.quantize.options import Outcome, QuantizeOptions
from train.quantize.progress import Step, silent
from train.quantize.scale_table import ScaleTable, read_scale_table
from train.quantize.scales import scales_of
from train.quantize.scoring import Comparison
from train.quantize.sensitivity import Sensitivity
from train.quantize.source import FloatModel, Wishes

FLOAT_LAYER = "network.model.28.conv"


def _options(floats: Bundle, data: Path, out: Path, **more: object) -> QuantizeOptions:
    given: dict[str, object] = {
        "weights": floats.folder,
        "data": data,
        "out": out,
        "wishes": Wishes(name="squares", note="tiny"),
        "backend": "onnxruntime",
        "budget_points": 100.0,
    }
    return QuantizeOptions(**given | more)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def outcome(floats: Bundle, data: Path, tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    out = tmp_path_factory.mktemp("int8") / "squares"
    stages: list[str] = []

    def tell(name: str, pieces: int) -> Step:
        stages.append(f"{name} {pieces}")
        return lambda: stages.append("step")

    done = quantize(_options(floats, data, out, float_layers=[FLOAT_LAYER]), tell)
    assert stages.count("step") == 10 + 10 + 10 + 10  # looked at, calibrated, scored twice
    assert "score INT8 on onnxruntime 10" in stages
    return done


def test_the_bundle_is_whole_and_says_that_it_is_int8(outcome: Outcome, floats: Bundle) -> None:
    bundle = outcome.bundle
    verify_bundle(bundle)
    manifest = bundle.manifest
    assert (manifest.precision, manifest.name, manifest.version) == ("int8", "squares", "3")
    paths = [entry.path for entry in manifest.files]
    assert paths == [
        "calibration.json",
        "golden/golden.npz",
        "model.onnx",
        "report.json",
        "weights.pt",
    ]
    assert bundle.weights_path.read_bytes() == floats.weights_path.read_bytes()
    assert bundle.model_path.stat().st_size < 7_000_000
    assert manifest.training is not None
    assert manifest.training.note == "tiny"
    assert [path.name for path in bundle.folder.parent.iterdir()] == ["squares"]


def test_the_scale_table_travels_with_its_digest(outcome: Outcome, data: Path) -> None:
    table = read_scale_table(outcome.bundle.folder / "calibration.json")
    assert table == outcome.table
    assert table.digest == outcome.bundle.manifest.calibration_sha256
    assert table.method == "histogram-mse"
    assert table.facts["pictures"] == 10
    assert len(str(table.facts["data_id"])) == 64
    assert table.left_in_float[FLOAT_LAYER] == "left in float by hand"
    assert len(table.inputs) == 53
    assert data.is_file()


def test_the_graph_passes_the_linter(outcome: Outcome) -> None:
    assert lint_graph(onnx.load(outcome.bundle.model_path)) == []


def test_the_report_has_both_models(outcome: Outcome, floats: Bundle) -> None:
    report = json.loads((outcome.bundle.folder / "report.json").read_text(encoding="utf-8"))
    assert report == json.loads(json.dumps(outcome.report))
    assert 0 <= report["precision"] <= 1  # of the detections, as `train evaluate` says
    assert report["ap"] == report["int8"]["ap"]
    assert report["backends"]["onnxruntime"]["fp32"]["ap"] == report["fp32"]["ap"]
    assert report["backends"]["onnxruntime"]["int8"]["images_per_s"] > 0
    assert [one["name"] for one in report["fp32"]["per_class"]] == ["class-0", "class-1"]
    assert report["left_in_float"][FLOAT_LAYER] == "left in float by hand"
    assert report["model_bytes"]["fp32"] == floats.model_path.stat().st_size
    assert report["calibration"]["sha256"] == outcome.bundle.manifest.calibration_sha256
    assert report["split"] == "val"


def test_scales_that_were_trained_are_used_unless_a_calibrator_is_asked_for(
    floats: Bundle, data: Path, table: ScaleTable, tmp_path: Path
) -> None:
    source = FloatModel(floats, floats.weights_path, table)
    options = _options(floats, data, tmp_path)
    assert scales_of(source, [], [], options, silent) is table
    asked = _options(floats, data, tmp_path, calibrator="max")
    with pytest.raises(DataError, match="0 usable calibration pictures"):
        scales_of(source, [], [], asked, silent)


def test_nothing_is_replaced_when_int8_loses_too_much(
    floats: Bundle, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "bundle"
    shutil.copytree(floats.folder, out)
    before = read_bundle(out)
    monkeypatch.setattr(Comparison, "drop_points", property(lambda _: 0.7))
    options = _options(floats, data, out, budget_points=gate.DEFAULT_BUDGET_POINTS)
    with pytest.raises(ModelError, match=r"INT8 loses 0\.70 points of AP@50:95") as refused:
        quantize(options)
    assert "--search" in str(refused.value)
    assert f"--qat --weights {floats.folder / 'weights.pt'} " in str(refused.value)
    assert read_bundle(out) == before
    verify_bundle(before)
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]


def test_the_search_leaves_the_fewest_layers_in_float(
    floats: Bundle, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ranking and drop are made up: 0.2 points a layer beyond 53."""

    def ranked(_: object, table: ScaleTable, *_more: object) -> list[Sensitivity]:
        return [Sensitivity(name, 0.5) for name in table.inputs]

    monkeypatch.setattr(job, "rank", ranked)

    def worst(found: tuple[Comparison, ...]) -> _Made:
        return _Made(0.2 * max(0, _quantized(tmp_path) - 53), found[0])

    monkeypatch.setattr(job, "worst", worst)
    monkeypatch.setattr(job, "passes", lambda found, budget: worst(found).drop_points <= budget)
    options = _options(floats, data, tmp_path / "int8", budget_points=0.1, search=True)
    outcome = quantize(options)
    assert len(outcome.table.inputs) == 53
    reasons = [each for each in outcome.table.left_in_float.values() if "sensitive" in each]
    assert len(reasons) == 1
    assert "alone it changes the outputs by" in reasons[0]
    verify_bundle(outcome.bundle)
    graph = onnx.load(outcome.bundle.model_path).graph
    assert sum(node.name.endswith("weight.dequantize") for node in graph.node) == 53


class _Made:
    def __init__(self, points: float, found: Comparison) -> None:
        self.drop_points, self.int8 = points, found.int8


def _quantized(folder: Path) -> int:
    staged = next(path for path in folder.iterdir() if path.name.startswith(".int8-"))
    return len(read_scale_table(staged / "calibration.json").inputs)


@pytest.mark.parametrize(
    ("more", "error", "told"),
    [
        ({"float_layers": ["network.model.99.conv"]}, UsageError, "there is no such convolution"),
        ({"split": "test"}, DataError, "split 'test' is not there"),
        ({"backend": "tensorrt"}, UsageError, "--backend tensorrt: it runs no INT8 graph here"),
        ({"wishes": Wishes("No Name")}, ModelError, "manifest with name 'No Name'"),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
def test_refuses_nonsense_and_leaves_nothing(
    floats: Bundle,
    data: Path,
    tmp_path: Path,
    more: dict[str, object],
    error: type[Exception],
    told: str,
) -> None:
    with pytest.raises(error, match=told):
        quantize(_options(floats, data, tmp_path / "out", **more))
    assert list(tmp_path.iterdir()) == []


def test_refuses_data_of_other_classes(floats: Bundle, tmp_path: Path, data: Path) -> None:
    other = tmp_path / "other.yaml"
    text = data.read_text(encoding="utf-8").replace("class-1", "dog")
    other.write_text(text + f"path: {data.parent}\n", encoding="utf-8")
    with pytest.raises(
        ModelError, match=r"knows the classes \['class-0', 'class-1'\], .*has \['class-0', 'dog'\]"
    ):
        quantize(_options(floats, other, tmp_path / "out"))
