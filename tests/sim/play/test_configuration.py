"""The runtime's configuration for a scenario."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from edgedet.config.settings import Settings
from edgedet.errors import SimError
from edgedet.manifest import read_bundle
from edgedet.sim.play.configuration import (
    BUNDLE,
    SLOW_BUNDLE,
    ConfigFile,
    make_configuration,
    password_files,
)
from edgedet.sim.scenario.schema import Head
from tests.detect.tiny_bundle import TINY_COUNT, TINY_HW, make_slow_bundle, make_tiny_bundle

FOLDER = Path("/work-of-sim")
ADDRESSES = {
    "broker.url": "mqtt://127.0.0.1:5",
    "camera.gate.url": "rtsp://127.0.0.1:1/s",
    "camera.dock.url": "rtsp://127.0.0.1:2/s",
}


def _head(**change: object) -> Head:
    least = {"name": "one", "about": "b", "timeline": [{"pause_s": 1}]}
    return Head.model_validate({**least, "cameras": {"gate": {}, "dock": {}}, **change})


def _make(head: Head, http_port: int | None = None) -> dict[str, Any]:
    return make_configuration(head, ADDRESSES, FOLDER, http_port)


def test_what_is_made_is_valid_and_reads_every_camera() -> None:
    content = _make(_head(), http_port=81)
    settings = Settings.model_validate(content)

    assert [source.uri for source in settings.sources] == [
        ADDRESSES["camera.gate.url"],
        ADDRESSES["camera.dock.url"],
    ]
    assert settings.http.listen == "127.0.0.1:81"
    assert content["device"] == {"site": "sim", "name": "one"}


def test_sources_are_changed_by_id_and_others_added() -> None:
    content = _make(
        _head(
            config={
                "sources": [
                    {"id": "dock", "max_fps": 2},
                    {"id": "made", "uri": "test://ball"},
                ],
                "mqtt": {"topic_root": "t"},
                "device": {"name": "other"},
            }
        )
    )

    assert [source["id"] for source in content["sources"]] == ["gate", "dock", "made"]
    assert content["sources"][1] == {
        "id": "dock", "uri": ADDRESSES["camera.dock.url"], "max_fps": 2,
    }  # fmt: skip
    assert content["mqtt"] == {"url": "mqtt://127.0.0.1:5", "topic_root": "t"}
    assert content["device"] == {"site": "sim", "name": "other"}


def test_placeholders_are_filled_and_unknown_ones_refused() -> None:
    content = _make(_head(config={"jsonl": "${folder}/x.jsonl", "model": {"threads": 2}}))
    assert content["jsonl"] == "/work-of-sim/x.jsonl"
    assert content["model"]["threads"] == 2
    with pytest.raises(SimError, match=r"config: \$\{labels.url\} means nothing here"):
        _make(_head(config={"jsonl": "${labels.url}"}))


def _file(folder: Path, **head: object) -> ConfigFile:
    return ConfigFile(folder / "c.yaml", _head(**head), ADDRESSES, None)


def _ids(folder: Path) -> list[str]:
    content = yaml.safe_load((folder / "c.yaml").read_text(encoding="utf-8"))
    return [source["id"] for source in content["sources"]]


def test_a_file_is_changed_step_by_step(tmp_path: Path) -> None:
    file = _file(tmp_path)
    made = yaml.safe_load((tmp_path / "c.yaml").read_text(encoding="utf-8"))

    over = {"model": {"score_threshold": 0.4}, "jsonl": "${folder}/x"}
    assert file.change(over, ["sources.dock"]) == (
        "model.score_threshold, jsonl, without sources.dock"
    )
    assert _ids(tmp_path) == ["gate"]
    gone = ["jsonl", "model.score_threshold"]
    assert file.change({}, gone) == "without jsonl, without model.score_threshold"
    again = {"sources": [{"id": "dock"}, {"id": "made", "uri": "test://ball"}]}
    assert file.change(again, []) == "sources.dock, sources.made"
    assert _ids(tmp_path) == ["gate", "dock", "made"]
    assert file.change({}, ["sources.made"]) == "without sources.made"

    assert yaml.safe_load((tmp_path / "c.yaml").read_text(encoding="utf-8")) == made


def test_a_text_is_the_whole_file_until_the_next_change(tmp_path: Path) -> None:
    file = _file(tmp_path)
    assert file.change("sources: [", []) == "a text of 10 characters"
    assert (tmp_path / "c.yaml").read_text(encoding="utf-8") == "sources: ["
    file.change({"model": {"threads": 2}}, [])
    assert _ids(tmp_path) == ["gate", "dock"]


@pytest.mark.parametrize("key", ["sources.yard", "model.threds", "jsonl", "model.bundle.x"])
def test_what_is_not_there_cannot_be_taken_out(tmp_path: Path, key: str) -> None:
    with pytest.raises(SimError, match=f"there is no '{key}' to take out"):
        _file(tmp_path).change({}, [key])


def test_cameras_with_a_password_get_one_from_a_file() -> None:
    cameras = {
        "gate": {"username": "u", "password": "p", "login": {"username": "v", "password": "q"}},
        "dock": {"username": "u", "password": "p"},
    }
    head = _head(cameras=cameras)

    assert password_files(head) == {"gate.password": "q", "dock.password": "p"}
    sources = _make(head)["sources"]
    assert [source["username"] for source in sources] == ["v", "u"]
    assert sources[0]["password_file"] == "/work-of-sim/gate.password"  # noqa: S105


def test_without_a_broker_there_is_no_mqtt() -> None:
    content = make_configuration(_head(cameras={}, broker="none"), {}, FOLDER, None)
    assert content["mqtt"] == {"url": "off"}


def test_the_shipped_models_are_what_the_tests_make(tmp_path: Path) -> None:
    made = make_tiny_bundle(tmp_path / "b", TINY_HW, TINY_COUNT)
    assert read_bundle(BUNDLE).manifest == made.manifest
    slow = make_slow_bundle(tmp_path / "s")
    assert read_bundle(SLOW_BUNDLE).manifest == slow.manifest
    assert _make(_head(config={"model": {"bundle": "${bundle.slow}"}}))["model"]["bundle"] == str(
        SLOW_BUNDLE
    )
