"""Files small enough to read in five minutes, functions to see at once, and a test for each."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

from tests.rules.tree import ROOT, module_files, parse

MAX_FILE_LINES = 250
MAX_FUNCTION_LINES = 50

# modules that need no test file of their own, and where their behaviour is tested
TESTED_ELSEWHERE: dict[str, str] = {
    # every test of a backend runs on each of them, with graphs that are not as they should be too
    "edgedet.detect.graph_io": "tests/detect/test_backends.py",
    "edgedet.detect.onnxruntime": "tests/detect/test_backends.py",
    "edgedet.detect.openvino": "tests/detect/test_backends.py",
    "edgedet.openvino_library": "tests/detect/test_backends.py",
    # a value without behaviour; what is painted and left out shows when batches are made
    "edgedet.model_identity": "tests/manifest/test_identity.py",
    "train.errors": "tests/train/engine/test_world.py",
    "edgedet.stream.model": "tests/test_startup.py",
    "edgedet.stream.filler": "tests/stream/test_batcher.py",
    # values, and the one thing they know of themselves: shown by whoever reads them
    "edgedet.commands.bench.figures": "tests/commands/bench/test_report.py",
    # both bindings of CUDA against one set of rules; rewriting of graphs by what they compute
    "edgedet.detect.cuda.cuda_bindings": "tests/detect/cuda/test_bindings.py",
    "edgedet.detect.cuda.pycuda": "tests/detect/cuda/test_bindings.py",
    "edgedet.detect.engine.edit": "tests/detect/engine/test_forms.py",
    "edgedet.detect.engine.half": "tests/detect/engine/test_forms.py",
    # slots of a session, and the trial of an engine that was built: only a run shows what they do
    "edgedet.detect.engine.ring": "tests/detect/engine/test_session.py",
    "edgedet.detect.engine.trial": "tests/detect/engine/test_build.py",
    # what is said over a connection shows at a subscriber of a real broker only
    "edgedet.publish.session": "tests/publish/test_mqtt.py",
    # types without behaviour: read from every example, and held against the schemas
    "edgedet.messages.commands": "tests/messages/test_parse.py",
    "edgedet.messages.detections": "tests/messages/test_parse.py",
    "edgedet.messages.events": "tests/messages/test_parse.py",
    "edgedet.messages.states": "tests/messages/test_parse.py",
    "edgedet.publish.figures": "tests/publish/test_delivery.py",
    # parts that only their owner uses
    "edgedet.publish.spool.writer": "tests/publish/spool/test_spool.py",
    "edgedet.publish.spool.salvage": "tests/publish/spool/test_store.py",
    # what is answered to whom shows over a connection only
    "edgedet.health.answers": "tests/health/test_site.py",
    "edgedet.health.documents": "tests/health/test_site.py",
    "edgedet.health.doorman": "tests/health/test_site.py",
    "edgedet.health.page_files": "tests/health/test_site.py",
    # readers of formats: only whole files, through the command, show what they make of them
    "train.data.ingest.coco": "tests/train/commands/ingest/test_coco.py",
    "train.data.ingest.voc": "tests/train/commands/ingest/test_voc.py",
    "train.data.ingest.yolo": "tests/train/commands/ingest/test_yolo.py",
    "train.data.ingest.roboflow": "tests/train/commands/ingest/test_roboflow.py",
    "train.data.ingest.device": "tests/train/commands/ingest/test_device.py",
    "train.commands.ingest.shared": "tests/train/commands/ingest/test_coco.py",
    # what is found in a set: all of it shows in a set with one of every fault
    "train.data.audit.balance": "tests/train/data/audit/test_audit.py",
    "train.data.audit.findings": "tests/train/data/audit/test_audit.py",
    "train.data.audit.leakage": "tests/train/data/audit/test_audit.py",
    "train.data.audit.rows": "tests/train/data/audit/test_audit.py",
    "train.data.audit.scan": "tests/train/data/audit/test_audit.py",
    "train.data.audit.twins": "tests/train/data/audit/test_audit.py",
    # every format goes through the same cases: written, read back, compared, refused
    "train.formats.coreml": "tests/train/formats/test_formats.py",
    "train.formats.openvino": "tests/train/formats/test_formats.py",
    "train.formats.tflite": "tests/train/formats/test_formats.py",
    "train.formats.torchscript": "tests/train/formats/test_formats.py",
    "train.formats.registry": "tests/train/formats/test_formats.py",
    "train.evaluate.report": "tests/train/evaluate/test_evaluator.py",
    # hooks do nothing by themselves; what is kept shows when a run goes on from it
    "train.engine.hooks": "tests/train/engine/test_trainer.py",
    "train.engine.keeping": "tests/train/engine/test_trainer.py",
    "train.commands.assembly": "tests/train/commands/test_fit.py",
    "train.commands.fit_options": "tests/train/commands/test_fit.py",
    "train.commands.teacher": "tests/train/commands/test_distill.py",
    # the end of a run, and the tables of an evaluation: shown by the commands only
    "train.commands.finish": "tests/train/commands/test_fit.py",
    "train.commands.score_tables": "tests/train/commands/test_evaluate.py",
    # the parts of sampling do nothing by themselves
    "edgedet.sampling_parts": "tests/test_sampling.py",
    # what `edgedet learn` does with a store shows in its commands only
    "edgedet.commands.learn.access": "tests/commands/learn/test_learn.py",
    "edgedet.commands.learn.calls": "tests/commands/learn/test_learn.py",
    "edgedet.commands.learn.decisions": "tests/commands/learn/test_learn.py",
    "edgedet.commands.learn.export": "tests/commands/learn/test_learn.py",
    "edgedet.commands.learn.listing": "tests/commands/learn/test_learn.py",
    # the parts of `train quantize`: what they do together shows in a whole run
    "train.commands.quantize_tables": "tests/train/commands/test_quantize.py",
    "train.quantize.options": "tests/train/quantize/test_job.py",
    "train.quantize.progress": "tests/train/quantize/test_job.py",
    "train.quantize.scales": "tests/train/quantize/test_job.py",
    "train.quantize.summary": "tests/train/quantize/test_job.py",
    "train.quantize.trial": "tests/train/quantize/test_job.py",
    # a whole run, from options to report
    "train.commands.running": "tests/train/commands/test_fit.py",
    "train.commands.refreshing": "tests/train/commands/test_refresh.py",
    # the parts of a network: told apart by its weight names, sizes and outputs
    "train.model.architectures.rows": "tests/train/model/test_family.py",
    "train.model.compound": "tests/train/model/test_family.py",
    "train.model.blocks": "tests/train/model/test_network.py",
    "train.model.head": "tests/train/model/test_network.py",
    # the parts of reading a file: only whole files, sound and hostile, show what they do
    "train.model.archive": "tests/train/model/test_checkpoint.py",
    "train.model.foreign": "tests/train/model/test_checkpoint.py",
    "train.model.unpickle": "tests/train/model/test_checkpoint.py",
    # forms of weights: every form is saved, and loaded into every other
    "train.model.adapt": "tests/train/model/test_weights.py",
    "train.model.folding": "tests/train/model/test_weights.py",
    "train.model.keys": "tests/train/model/test_weights.py",
    "train.model.reparameterise": "tests/train/model/test_weights.py",
}
# protocols: nothing runs in them
INTERFACES = re.compile(r"(^|\.)base$")
# hosts of package registries: what is installed comes from wherever the machine is set up to
REGISTRIES = re.compile(r"pypi\.org|pythonhosted\.org|npmjs\.(org|com)|deb\.debian\.org|crates\.io")


def _modules_with_code() -> list[str]:
    """Modules that define a function or class, thus not mere lists of names."""
    definitions = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    return [
        module
        for module, path in module_files().items()
        if path.name not in ("__init__.py", "__main__.py")
        and not INTERFACES.search(module)
        and any(isinstance(node, definitions) for node in parse(path).body)
    ]


@pytest.mark.parametrize("package", ["edgedet", "train"])
def test_files_are_short(package: str) -> None:
    lengths = {
        module: len(path.read_text(encoding="utf-8").splitlines())
        for module, path in module_files(package).items()
    }

    assert {name: lines for name, lines in lengths.items() if lines > MAX_FILE_LINES} == {}


@pytest.mark.parametrize("package", ["edgedet", "train"])
def test_functions_are_short(package: str) -> None:
    long = [
        f"{module}.{node.name}: {lines} lines"
        for module, path in module_files(package).items()
        for node in ast.walk(parse(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (lines := _lines(node)) > MAX_FUNCTION_LINES
    ]

    assert long == []


def _lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Length of a function; of a command without its signature, which is its table of options."""
    options = any("typer.Option" in ast.unparse(each) for each in function.args.args)
    start = function.body[0].lineno if options else function.lineno
    return (function.end_lineno or start) - start + 1


def test_every_module_has_its_test_file() -> None:
    expected = {
        module: TESTED_ELSEWHERE.get(module) or _test_file(module)
        for module in _modules_with_code()
    }

    assert {name: where for name, where in expected.items() if not (ROOT / where).is_file()} == {}


def _test_file(module: str) -> str:
    package, *rooms, name = module.split(".")
    folders = ["tests", *([] if package == "edgedet" else [package]), *rooms]
    return "/".join([*folders, f"test_{name}.py"])


def _tracked_text() -> dict[Path, str]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    texts = {}
    for name in filter(None, listed.stdout.split("\0")):
        path = ROOT / name
        try:
            texts[path] = path.read_text(encoding="utf-8")
        except (UnicodeDecodeError, FileNotFoundError):  # a model; or removed and not committed yet
            continue
    return texts


def test_no_file_names_a_package_registry() -> None:
    named = [
        str(path.relative_to(ROOT))
        for path, text in _tracked_text().items()
        if path != Path(__file__) and REGISTRIES.search(text)
    ]

    assert named == []


def test_todos_have_an_issue_number() -> None:
    bare = re.compile(r"\b(TODO|FIXME|XXX)\b(?!\(#\d+\))")
    found = [
        str(path.relative_to(ROOT))
        for path, text in _tracked_text().items()
        if path.suffix == ".py" and path != Path(__file__) and bare.search(text)
    ]

    assert found == []
