"""Configurations of small, real runs: a tiny ONNX model on test patterns."""

import json
from pathlib import Path
from typing import Any

from edgedet.config.settings import Settings
from tests.detect.tiny_bundle import make_tiny_bundle

PATTERN = "test://ball?width=96&height=64&fps=30"


def tiny_settings(folder: Path, *sources: dict[str, object], **sections: object) -> Settings:
    """Settings with a tiny bundle; without sources: one lossless pattern of 30 frames."""
    bundle = folder / "bundle"
    if not bundle.exists():
        make_tiny_bundle(bundle)
    one = {"id": "a", "uri": f"{PATTERN}&frames=30", "realtime": False}
    return Settings.model_validate(
        {
            "device": {"site": "lab", "name": "bench"},
            "model": {"bundle": bundle, "backend": "onnxruntime", "threads": 1},
            "sources": list(sources) or [one],
            "mqtt": "off",
            "state_dir": folder / "state",
            **sections,
        }
    )


def write_config(folder: Path, settings: Settings) -> Path:
    """The settings as a configuration file."""
    path = folder / "edgedet.yaml"
    path.write_text(settings.model_dump_json(exclude_unset=True), encoding="utf-8")  # JSON is YAML
    return path


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The objects of a JSON-lines file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
