"""The runtime's configuration for a scenario: what the scenario needs, then what it says."""

import re
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

from edgedet.errors import SimError
from edgedet.sim.scenario.schema import Head

BUNDLE = Path(__file__).parents[1] / "bundle" / "tiny"
"""A model of one kilobyte: it finds the brightest squares of a picture of 96 x 64."""
SLOW_BUNDLE = BUNDLE.with_name("slow")
"""The same answers, some tenths of a second later on a core of a small computer."""
SITE = "sim"
DISK = "disk"
"""Where the small disk is, in the folder of the scenario."""

_PLACEHOLDER = re.compile(r"\$\{([a-z0-9_.-]+)\}")


def make_configuration(
    head: Head, addresses: Mapping[str, str], folder: Path, http_port: int | None
) -> dict[str, Any]:
    """The configuration as a mapping. `addresses` fill `${…}` in its texts.

    Known are `${folder}`, `${bundle.slow}`, `${broker.url}`, `${labels.url}` and
    `${camera.<id>.url}`.

    Raises:
        SimError: for a placeholder that means nothing.
    """
    base: dict[str, Any] = {
        "device": {"site": SITE, "name": head.name},
        "model": {"bundle": str(BUNDLE), "backend": "onnxruntime", "threads": 1},
        "sources": [_source(head, name, addresses, folder) for name in head.cameras],
        "mqtt": {"url": addresses.get("broker.url", "off")},
        "state_dir": "state" if head.disk is None else f"{DISK}/state",
    }
    if http_port is not None:
        base["http"] = {"listen": f"127.0.0.1:{http_port}"}
    merged = _merged(base, head.config)
    known = {**addresses, "folder": str(folder), "bundle.slow": str(SLOW_BUNDLE)}
    filled: dict[str, Any] = _filled(merged, known)
    return filled


def password_files(head: Head) -> dict[str, str]:
    """The files that sources read their passwords from, by name."""
    return {
        f"{name}.password": login.password
        for name in head.cameras
        if (login := _login(head, name)) is not None
    }


def _login(head: Head, name: str) -> Any:  # noqa: ANN401 - Login, or a camera that has the same
    camera = head.cameras[name]
    if camera.login is not None:
        return camera.login
    return camera if camera.username is not None else None


def _source(head: Head, name: str, addresses: Mapping[str, str], folder: Path) -> dict[str, Any]:
    source: dict[str, Any] = {"id": name, "uri": addresses[f"camera.{name}.url"]}
    login = _login(head, name)
    if login is not None:
        source["username"] = login.username
        source["password_file"] = str(folder / f"{name}.password")
    return source


def _merged(base: Any, over: Any) -> Any:  # noqa: ANN401 - plain values of YAML
    """`over` laid over `base`: mappings by key, lists of sources by id, all else replaced."""
    if isinstance(base, dict) and isinstance(over, dict):
        return {
            **base,
            **{key: _merged(base.get(key), value) for key, value in over.items()},
        }
    if isinstance(base, list) and isinstance(over, list) and all(map(_has_id, [*base, *over])):
        known = {item["id"]: item for item in base}
        known |= {item["id"]: _merged(known.get(item["id"]), item) for item in over}
        return list(known.values())
    return deepcopy(over)


def _has_id(item: object) -> bool:
    return isinstance(item, dict) and isinstance(item.get("id"), str)


def _filled(value: Any, addresses: Mapping[str, str]) -> Any:  # noqa: ANN401 - plain values of YAML
    if isinstance(value, dict):
        return {key: _filled(each, addresses) for key, each in value.items()}
    if isinstance(value, list):
        return [_filled(each, addresses) for each in value]
    if not isinstance(value, str):
        return value

    def address(match: re.Match[str]) -> str:
        if match[1] not in addresses:
            known = ", ".join(f"${{{name}}}" for name in sorted(addresses))
            msg = f"config: {match[0]} means nothing here; known are {known}"
            raise SimError(msg)
        return addresses[match[1]]

    return _PLACEHOLDER.sub(address, value)
