"""The runtime's configuration for a scenario: what the scenario needs, then what it says."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

import yaml

from edgedet.errors import SimError
from edgedet.sim.scenario.placeholders import filled, placeholders_in
from edgedet.sim.scenario.schema import Head

BUNDLE = Path(__file__).parents[1] / "bundle" / "tiny"
"""A model of one kilobyte: it finds the brightest squares of a picture of 96 x 64."""
SLOW_BUNDLE = BUNDLE.with_name("slow")
"""The same answers, some tenths of a second later on a core of a small computer."""
SITE = "sim"
DISK = "disk"
"""Where the small disk is, in the folder of the scenario."""


class ConfigFile:
    """The runtime's configuration file, written anew at each change of it."""

    def __init__(
        self, path: Path, head: Head, addresses: Mapping[str, str], http_port: int | None
    ) -> None:
        """Write to `path`, in the scenario's folder; see `make_configuration`.

        Raises:
            SimError: for a placeholder that means nothing.
        """
        self._path = path
        self._known = _known(addresses, path.parent)
        self._content = make_configuration(head, addresses, path.parent, http_port)
        self._cameras = {name: _source(head, name, addresses, path.parent) for name in head.cameras}
        self._write()

    def change(self, over: dict[str, Any] | str, without: Sequence[str]) -> str:
        """Lay `over` over it, or make it the whole text, and take out `without`; what was done.

        A camera's source that was taken out before comes back as it was made.

        Raises:
            SimError: there is no such thing to take out, or a placeholder means nothing.
        """
        over = _checked(over, self._known)
        if isinstance(over, str):
            self._path.write_text(over, encoding="utf-8")
            return f"a text of {len(over)} characters"
        for key in without:
            _take_out(self._content, key)
        told = [_name_of(key, value) for key, value in over.items()]
        if isinstance(sources := over.get("sources"), list):
            over["sources"] = [self._made(source) for source in sources]
        self._content = _merged(self._content, over)
        self._write()
        return ", ".join([*told, *(f"without {key}" for key in without)])

    def _made(self, source: Any) -> Any:  # noqa: ANN401 - plain values of YAML
        """What is said of a source, over what its camera says if it is not there now."""
        if not _has_id(source) or _is_among(source, self._content.get("sources", ())):
            return source
        return {**self._cameras.get(source["id"], {}), **source}

    def _write(self) -> None:
        text = yaml.safe_dump(self._content, sort_keys=False)
        self._path.write_text(text, encoding="utf-8")


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
    merged: dict[str, Any] = _merged(base, head.config)
    checked: dict[str, Any] = _checked(merged, _known(addresses, folder))
    return checked


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


def _is_among(source: Mapping[str, Any], others: Sequence[object]) -> bool:
    return any(isinstance(each, dict) and each.get("id") == source["id"] for each in others)


def _known(addresses: Mapping[str, str], folder: Path) -> dict[str, str]:
    return {**addresses, "folder": str(folder), "bundle.slow": str(SLOW_BUNDLE)}


def _checked(value: Any, known: Mapping[str, str]) -> Any:  # noqa: ANN401 - plain values of YAML
    """`value` with its placeholders filled in."""
    for name in placeholders_in(value):
        if name not in known:
            told = ", ".join(f"${{{each}}}" for each in sorted(known))
            msg = f"config: ${{{name}}} means nothing here; known are {told}"
            raise SimError(msg)
    return filled(value, known)


def _name_of(key: str, value: object) -> str:
    """A section as a report tells of it: never its values, which may be secret."""
    if key == "sources" and isinstance(value, list):
        return ", ".join(f"sources.{each['id']}" for each in value if _has_id(each)) or key
    inner = ", ".join(f"{key}.{name}" for name in value) if isinstance(value, dict) else ""
    return inner or key


def _take_out(content: dict[str, Any], key: str) -> None:
    *way, last = key.split(".")
    place: Any = content
    for part in way:
        place = place.get(part) if isinstance(place, dict) else None
    if isinstance(place, list):
        found = next((each for each in place if _has_id(each) and each["id"] == last), None)
        if found is not None:
            place.remove(found)
            return
    elif isinstance(place, dict) and last in place:
        del place[last]
        return
    msg = f"config: there is no '{key}' to take out; sections are {', '.join(content)}"
    raise SimError(msg)
