"""The sink that the settings ask for."""

from pathlib import Path

from edgedet.sample.sinks.create import create_sink
from edgedet.sample.sinks.folder import FolderSink
from edgedet.sample.sinks.roboflow_http import RoboflowHttpSink
from tests.sample.fakes import SteppingClock, sampling


def test_the_default_is_a_folder_in_the_state(tmp_path: Path) -> None:
    sink = create_sink(sampling(), tmp_path / "labelling", SteppingClock())

    assert isinstance(sink, FolderSink)
    assert sink.target == f"folder {tmp_path / 'labelling'}"
    other = create_sink(sampling(folder={"path": "/srv/out"}), tmp_path, SteppingClock())
    assert other.target == "folder /srv/out"


def test_roboflow_needs_no_package(tmp_path: Path) -> None:
    section = {"project": "gates", "api_key_file": str(tmp_path / "key")}
    sink = create_sink(sampling(sink="roboflow", roboflow=section), tmp_path, SteppingClock())

    assert isinstance(sink, RoboflowHttpSink)
    assert sink.target == "roboflow https://api.roboflow.com/gates"
    sink.close()
