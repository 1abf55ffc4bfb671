import json
from pathlib import Path

import onnx
import pytest

from edgedet.manifest import Bundle, read_bundle, read_golden, verify_bundle
from edgedet.vision import Tolerance, compare_candidates
from tests.train.quantize.conftest import some_table
from tests.train.quantize.reports import report
from train.evaluate import BundlePredictor
from train.quantize.bundle import add_report, write_int8
from train.quantize.writer import quantize_graph


@pytest.fixture(scope="module")
def made(floats: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    fp32 = onnx.load(floats.model_path)
    table = some_table(fp32)
    folder = tmp_path_factory.mktemp("int8")
    proto = quantize_graph(fp32, table)
    return write_int8(folder, floats.manifest, proto, table, floats.weights_path)


def test_every_file_is_named_and_the_device_runs_it(made: Bundle) -> None:
    verify_bundle(made)
    case = read_golden(made)
    assert case is not None
    golden = made.manifest.golden
    assert golden is not None
    predictor = BundlePredictor(made, "onnxruntime", threads=1)
    found = predictor.infer(case.images_nhwc)
    predictor.close()
    tolerance = Tolerance(golden.box_tolerance_px, golden.score_tolerance)
    for rows, expected in zip(found, case.candidates, strict=True):
        assert compare_candidates(rows, expected, tolerance).unmatched == 0


def test_a_report_is_added_with_ap_in_the_manifest(made: Bundle, tmp_path: Path) -> None:
    for entry in made.manifest.files:
        (tmp_path / entry.path).parent.mkdir(exist_ok=True)
        (tmp_path / entry.path).write_bytes((made.folder / entry.path).read_bytes())
    copy = Bundle(tmp_path, made.manifest, made.digest)
    done = add_report(copy, {"ap": 0.4}, report(0.4))
    verify_bundle(done)
    assert read_bundle(tmp_path) == done
    assert json.loads((tmp_path / "report.json").read_text(encoding="utf-8")) == {"ap": 0.4}
    assert done.manifest.training is not None
    assert (done.manifest.training.ap50, done.manifest.training.ap) == (0.8, 0.4)
    assert done.manifest.calibration_sha256 == made.manifest.calibration_sha256
