"""Who may import whom: the table of docs/architecture.md, enforced."""

import ast
from collections import defaultdict
from pathlib import Path

import pytest

from tests.rules.tree import PACKAGES, Import, all_imports, dotted, module_files, parse, room_of

VALUES = {
    f"edgedet.{name}"
    for name in (
        "errors",
        "log",
        "clock",
        "files",
        "paths",
        "lock",
        "frame",
        "detections",
        "event",
        "analytics",
        "machine",
        "promptness",
        "model_identity",
        "state_files",
    )
} | {"edgedet.openvino_library"}  # a leaf too: its Core is one for the whole process
STAGES = {
    f"edgedet.{name}"
    for name in ("source", "detect", "track", "publish", "sample", "models", "rollout", "health")
}
SHARED = {"edgedet.vision", "edgedet.manifest"}
SETTINGS = SHARED | {"edgedet.config"}
# the roots that put objects together: they may import everything
ROOTS = {
    "edgedet.app",
    "edgedet.analysis",
    "edgedet.outlets",
    "edgedet.feeds",
    "edgedet.startup",
    "edgedet.model_change",
    "edgedet.monitoring",
    "edgedet.vitals",
    "edgedet.lineup",
    "edgedet.reload",
    "edgedet.reload_report",
    "edgedet.source_changes",
    "edgedet.remote",
    "edgedet.overrides",
    "edgedet.sampling",
    "edgedet.stage",
    "edgedet.proof",
    "edgedet.proving",
    "edgedet.sampling_parts",
    "edgedet.sampling_start",
    "edgedet.sample_desk",
    "edgedet.cli",
    "edgedet.commands",
    "edgedet.__main__",
    "edgedet.sim.demo",
}

# room → the rooms that it may import besides itself and the values; not listed: none
MAY_IMPORT: dict[str, set[str]] = {
    "edgedet.config": SHARED,
    **dict.fromkeys(STAGES, SETTINGS),
    "edgedet.stream": SETTINGS,
    "train": SHARED,
}
# (importing room or module) → modules that it may import besides
MAY_ALSO_IMPORT: dict[str, set[str]] = {
    "edgedet.stream": {f"{stage}.base" for stage in STAGES},
    # worker.py alone makes threads, and knows nothing but the standard library (tested below)
    "edgedet.detect": {"edgedet.stream.worker"},
    "edgedet.publish": {"edgedet.stream.worker"},
    "edgedet.health": {"edgedet.stream.worker"},
    "edgedet.sample": {"edgedet.stream.worker"},
    "edgedet.rollout": {"edgedet.models", "edgedet.stream.worker"},
    "edgedet.sim": {
        "edgedet.publish.topics",
        "edgedet.publish.payloads",
        "edgedet.publish.schemas",
        "edgedet.stream.worker",
        # scenarios are read and refused as configurations are
        "edgedet.config",
    },
    "train": {"edgedet.config.load"},
    "train.evaluate.backends": {"edgedet.detect", "edgedet.config.model"},
}

# third party → the packages it may be used in; there, one file of each room
FENCED: dict[str, set[str]] = {
    "gi": {"edgedet"},
    "onnxruntime": {"edgedet", "train"},
    "openvino": {"edgedet", "train"},
    "tensorrt": {"edgedet"},
    "pycuda": {"edgedet"},
    "cuda": {"edgedet"},
    "paho": {"edgedet"},
    "amqtt": {"edgedet"},
    "jsonschema": {"edgedet"},
    "minio": {"edgedet"},
    "roboflow": {"edgedet", "train"},
    "cryptography": {"edgedet"},
    "pycocotools": {"train"},
    "litert_torch": {"train"},
    "ai_edge_litert": {"train"},
    "coremltools": {"train"},
    "starlette": {"edgedet"},
    "uvicorn": {"edgedet"},
    "prometheus_client": {"edgedet"},
}
WORKER = "edgedet.stream.worker"
VERSION = {"edgedet", "edgedet.__version__"}
THREAD_MAKERS = ("Thread", "Timer", "ThreadPoolExecutor", "ProcessPoolExecutor", "loop_start")
ENVIRONMENT = ("os.environ", "os.getenv", "os.putenv", "os.environb")


def _is_within(name: str, allowed: set[str]) -> bool:
    return any(name == each or name.startswith(f"{each}.") for each in allowed)


def _is_allowed(found: Import) -> bool:
    if _is_within(found.importer, ROOTS):
        return True
    package = found.importer.split(".")[0]
    room = room_of(found.importer)
    if package == "train":
        own, rules = {"train"}, ("train", found.importer)
    else:
        own, rules = {room}, (room, found.importer)
    allowed = own | VALUES
    for rule in rules:
        allowed = allowed | MAY_IMPORT.get(rule, set()) | MAY_ALSO_IMPORT.get(rule, set())
    return _is_within(found.name, allowed)


def _own(found: Import) -> bool:
    return found.name.split(".")[0] in PACKAGES and found.name not in VERSION


@pytest.mark.parametrize("module", sorted(module_files()))
def test_imports_only_what_its_room_may_know(module: str) -> None:
    path = module_files()[module]
    wrong = [
        f"{path.name}:{found.line} imports {found.name}"
        for found in all_imports()
        if found.importer == module and _own(found) and not _is_allowed(found)
    ]

    assert wrong == []


def test_table_refuses_what_it_should() -> None:
    refused = [
        Import("edgedet.vision.nms", "edgedet.config.settings.Settings", 1),
        Import("edgedet.source.pipeline", "edgedet.detect.base.Detector", 1),
        Import("edgedet.stream.pipeline", "edgedet.detect.registry.create_detector", 1),
        Import("edgedet.detect.registry", "train.model.build_model", 1),
        Import("edgedet.log", "edgedet.vision.nms", 1),
        Import("train.export.bundle", "edgedet.detect.create_detector", 1),
        Import("train.data.labels", "edgedet.configuration", 1),
    ]

    assert [found for found in refused if _is_allowed(found)] == []


def test_worker_knows_no_room() -> None:
    known = [
        found.name for found in all_imports("edgedet") if found.importer == WORKER and _own(found)
    ]

    assert [name for name in known if not _is_within(name, VALUES)] == []


@pytest.mark.parametrize("library", sorted(FENCED))
def test_third_party_has_one_file_in_a_room(library: str) -> None:
    files: dict[str, set[str]] = defaultdict(set)
    for found in all_imports():
        if _is_within(found.name, {library}):
            files[room_of(found.importer)].add(found.importer)

    assert {room: users for room, users in files.items() if len(users) > 1} == {}
    assert {room.split(".")[0] for room in files} <= FENCED[library]


def test_torch_lives_in_train_only() -> None:
    wrong = [
        found
        for found in all_imports("edgedet")
        if _is_within(found.name, {"torch", "torchvision"})
    ]

    assert wrong == []


def _uses(path: Path, names: tuple[str, ...]) -> list[int]:
    return [
        node.lineno
        for node in ast.walk(parse(path))
        if isinstance(node, ast.Attribute | ast.Name)
        and (dotted(node) in names or dotted(node).endswith(tuple(f".{name}" for name in names)))
    ]


def test_only_the_worker_makes_threads() -> None:
    makers = {
        module: lines
        for module, path in module_files("edgedet").items()
        if module != WORKER and (lines := _uses(path, THREAD_MAKERS))
    }

    assert makers == {}


def test_environment_is_read_in_config_only() -> None:
    readers = {
        module: lines
        for module, path in module_files("edgedet").items()
        if room_of(module) != "edgedet.config" and (lines := _uses(path, ENVIRONMENT))
    }

    assert readers == {}
