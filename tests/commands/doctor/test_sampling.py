"""What the doctor says of sampling: the store, and whoever labels."""

from pathlib import Path
from typing import Any

import pytest

from edgedet.commands.doctor import Check
from edgedet.commands.doctor.sampling import examine
from edgedet.config.settings import Settings
from edgedet.sampling import open_store
from edgedet.sim.label_faults import LabelFault
from edgedet.sim.label_service import LabelOptions, LabelService
from tests.brokers import free_port
from tests.runs import tiny_settings
from tests.sample.fakes import keep

KEY = "rf-Very-Secret-1234"


def settings_of(folder: Path, **sampling: Any) -> Settings:  # noqa: ANN401
    made = {"enabled": True, "quota_mib": 1, "reserve_mib": 0, **sampling}
    return tiny_settings(folder, state_dir=folder / "state", sampling=made)


def said(settings: Settings) -> list[tuple[str, str, str]]:
    found: list[Check] = list(examine(settings))
    return [(check.name, check.status.value, check.detail) for check in found]


def to_service(folder: Path, url: str, project: str = "frames", key: str = KEY) -> Settings:
    (folder / "key").write_text(key, encoding="utf-8")
    roboflow = {"project": project, "api_key_file": folder / "key", "url": url, "timeout_s": 5}
    return settings_of(folder, sink="roboflow", roboflow=roboflow)


def test_nothing_is_said_where_it_is_off(tmp_path: Path) -> None:
    assert said(settings_of(tmp_path, enabled=False)) == []


def test_a_store_that_is_used_and_one_that_is_not_yet(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    (samples, labelling) = said(settings)
    assert samples[:2] == ("samples", "pass")
    assert samples[2].startswith("nothing was kept yet; ")
    assert labelling[:2] == ("labelling", "pass")
    assert not (tmp_path / "state").exists()

    store = open_store(settings)
    keep(store, 1)
    assert said(settings)[0][2].startswith("1 approved; ")


def test_a_store_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "state" / "samples").mkdir(parents=True)
    (tmp_path / "state" / "samples" / "ledger.db").write_bytes(b"no ledger at all" * 100)

    assert said(settings_of(tmp_path))[0][:2] == ("samples", "fail")


def test_too_small_a_disk(tmp_path: Path) -> None:
    assert said(settings_of(tmp_path, reserve_mib=10**9))[0][:2] == ("samples", "warn")


@pytest.mark.parametrize(
    ("project", "key", "status", "detail"),
    [
        ("frames", KEY, "pass", "project frames of workspace sim"),
        ("other", KEY, "fail", "there is no such project"),
        ("frames", "rf-Another-Secret", "fail", "not let in (status 401"),
        ("frames", "two words", "fail", "is not as expected"),
    ],
)
def test_the_key_is_tried(tmp_path: Path, project: str, key: str, status: str, detail: str) -> None:
    with LabelService(LabelOptions(project="frames", api_key=KEY)) as service:
        found = said(to_service(tmp_path, service.url, project, key))[1]
        assert service.images == ()

    assert found[:2] == ("labelling", status)
    assert detail in found[2]
    assert "Secret" not in found[2]


def test_a_service_that_is_away_is_no_failure(tmp_path: Path) -> None:
    found = said(to_service(tmp_path, f"http://127.0.0.1:{free_port()}"))[1]
    assert found[:2] == ("labelling", "warn")
    with LabelService(LabelOptions(project="frames", api_key=KEY)) as service:
        service.inject(LabelFault("server_error"))
        assert said(to_service(tmp_path, service.url))[1][1] == "warn"
