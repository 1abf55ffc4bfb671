"""The configurations that we ship and show load as they are."""

from pathlib import Path

import pytest
import yaml

from edgedet.config.load import load_settings
from tests.rules.tree import ROOT

# what the design promises to keep valid, character by character
CONTRACT = """\
device: {site: lab, name: bench-01}
model: {bundle: models/person, backend: auto, score_threshold: 0.25, iou_threshold: 0.45}
sources:
  - {id: gate, uri: "rtsp://10.0.0.5/stream1", max_fps: 15}
  - {id: dock, uri: "file:///srv/clips/dock.avi", realtime: false, loop: false}
  - {id: desk, uri: "v4l2:///dev/video0"}
  - {id: pattern, uri: "test://ball"}
batch: {max_size: 8, max_wait_ms: 10}
mqtt: {url: "mqtt://127.0.0.1:1883"}
http: {listen: "127.0.0.1:8080"}
sampling:
  enabled: true
  strategies:
    - {name: unsure, type: close_to_threshold, threshold: 0.35, epsilon: 0.15, probability: 1.0,
       limits: [{type: hourly, value: 20}, {type: daily, value: 100}], tags: [unsure]}
    - {name: sometimes, type: random, probability: 0.001, limits: [{type: daily, value: 10}]}
state_dir: /var/lib/edgedet
"""


def _shipped() -> list[Path]:
    """The files of configs/ that configure the runtime; recipes of training are no such thing."""
    files = sorted((ROOT / "configs").glob("**/*.yaml"))
    return [path for path in files if "sources" in yaml.safe_load(path.read_text("utf-8"))]


def test_a_configuration_is_shipped() -> None:
    assert _shipped() != []


@pytest.mark.parametrize("path", _shipped(), ids=lambda path: path.name)
def test_shipped_configuration_loads_without_a_warning(path: Path) -> None:
    assert load_settings(path, environ={}).warnings == ()


def test_contract_loads(tmp_path: Path) -> None:
    path = tmp_path / "edgedet.yaml"
    path.write_text(CONTRACT, encoding="utf-8")

    settings = load_settings(path, environ={}).settings

    assert [source.id for source in settings.sources] == ["gate", "dock", "desk", "pattern"]


@pytest.mark.parametrize("off", ["off", '"off"', "{url: off}", '{url: "off"}'])
def test_mqtt_is_off_bare_and_quoted(tmp_path: Path, off: str) -> None:
    path = tmp_path / "edgedet.yaml"
    text = CONTRACT.replace('{url: "mqtt://127.0.0.1:1883"}', off)
    path.write_text(text, encoding="utf-8")

    assert load_settings(path, environ={}).settings.mqtt.is_off
