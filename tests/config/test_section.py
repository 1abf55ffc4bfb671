"""Sections refuse unknown keys; names fit into topics; paths know their folder."""

from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import Field, ValidationError

from edgedet.config.device import DeviceSettings
from edgedet.config.section import ConfigPath, Section, Slug, brief, changed_settings


class _Part(Section):
    name: Slug = "a"
    path: ConfigPath = Path("x")
    count: int = 1
    share: Annotated[float, Field(ge=0)] | None = None
    limit: float | Literal["off"] = "off"
    level: Literal[0, 1] = 0
    flag: bool = False


def test_unknown_keys_are_refused() -> None:
    with pytest.raises(ValidationError, match="Extra inputs"):
        _Part.model_validate({"nmae": "x"})


@pytest.mark.parametrize("key", ["count", "share", "limit", "level"])
def test_true_is_no_number(key: str) -> None:
    with pytest.raises(ValidationError, match="expected a number"):
        _Part.model_validate({key: True})


@pytest.mark.parametrize("key", ["count", "share", "limit"])
def test_a_number_in_quotes_is_one(key: str) -> None:
    assert getattr(_Part.model_validate({key: "2", "flag": True}), key) == 2


@pytest.mark.parametrize("name", ["a", "gate-1", "0_0", "x" * 63])
def test_slugs(name: str) -> None:
    assert _Part(name=name).name == name


@pytest.mark.parametrize("name", ["", "-a", "_a", "A", "a b", "a/b", "a#", "ä", "x" * 64, "a\n"])
def test_no_slugs(name: str) -> None:
    with pytest.raises(ValidationError):
        _Part(name=name)


@pytest.mark.parametrize(
    ("given", "found"), [("a/b", "/etc/a/b"), ("../b", "/etc/../b"), ("/a", "/a")]
)
def test_paths_are_relative_to_the_folder(given: str, found: str) -> None:
    part = _Part.model_validate({"path": given}, context={"folder": Path("/etc")})
    assert part.path == Path(found)


@pytest.mark.parametrize(
    ("folder", "found"), [("/run/c", "/run/c/mqtt.pw"), (None, "/etc/edgedet/credentials/mqtt.pw")]
)
def test_credentials_are_where_systemd_says_or_the_installer_keeps_them(
    folder: str | None, found: str
) -> None:
    context = {"folder": "/srv", "credentials": folder}
    part = _Part.model_validate({"path": "credential:mqtt.pw"}, context=context)
    assert part.path == Path(found)


@pytest.mark.parametrize("name", ["", "../shadow", "a/b", ".hidden", "a b"])
def test_a_credential_is_a_plain_name(name: str) -> None:
    with pytest.raises(ValidationError, match="expected credential:NAME"):
        _Part.model_validate({"path": f"credential:{name}"})


def test_without_a_folder_paths_stay_as_they_are() -> None:
    assert _Part.model_validate({"path": "a/b"}).path == Path("a/b")


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("~no-such-user/x", "no home folder"),
        ("a\0b", "NUL"),
        ("x/" * 1000, "2004 bytes; expected at most 1024"),
        ("x" * 256, "a name in the path has 256 bytes"),
    ],
)
def test_paths_that_lead_nowhere_are_refused(path: str, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        _Part.model_validate({"path": path}, context={"folder": Path("/etc")})


@pytest.mark.parametrize("value", ["inf", float("nan"), float("-inf"), "1e999"])
def test_numbers_are_finite(value: object) -> None:
    with pytest.raises(ValidationError, match="finite"):
        _Part.model_validate({"share": value})


def test_what_is_shown_is_short_and_on_one_line() -> None:
    assert brief("a\x1b[31m\nä") == r"a\x1b[31m\nä"
    assert brief("x" * 81) == "x" * 80 + "…"


def test_settings_that_differ_are_named() -> None:
    one, other = DeviceSettings(site="lab", name="a"), DeviceSettings(site="lab", name="b")
    assert changed_settings(one, other) == {"name"}
    assert changed_settings(one, one) == set()
