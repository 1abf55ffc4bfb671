"""Taking source addresses apart, so that credentials never travel inside a string."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, unquote

from edgedet.config.addresses import check_host
from edgedet.config.section import brief
from edgedet.errors import SourceError
from edgedet.paths import problem_of_path

_HOST = re.compile(r"(?P<name>[^\s:\[\]]+|\[[\w:.%]+\])(?::(?P<port>[0-9]{1,5}))?")
"""A name or IPv4 address, or an IPv6 address in brackets, and perhaps a port."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """A user name and password; the password is never shown."""

    username: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Address:
    """A source's URI without its credentials.

    `location` is what the source element is given: the URL of a camera, the path of a file or
    device, the number of a sensor, the name of a test pattern. `options` are the query of
    v4l2://, csi:// and test:// addresses.
    """

    scheme: str
    location: str
    options: dict[str, str] = field(default_factory=dict)
    credentials: Credentials | None = None


def parse_uri(uri: str) -> Address:
    """The parts of `uri`, percent-decoded where the element expects plain text.

    Raises:
        SourceError: if it cannot be taken apart; the message shows no credentials.

    >>> parse_uri("file:///srv/my%20clips/dock.avi").location
    '/srv/my clips/dock.avi'
    >>> parse_uri("rtsp://admin:p%40ss@10.0.0.5/stream1").location
    'rtsp://10.0.0.5/stream1'
    """
    scheme, _, rest = uri.partition("://")
    if scheme in {"rtsp", "rtsps"}:
        return _parse_camera(scheme, rest)
    if scheme == "file":
        return Address(scheme, _local_path(rest))
    path, _, query = rest.partition("?")
    options = dict(parse_qsl(query, keep_blank_values=True))
    if scheme == "v4l2":
        return Address(scheme, _local_path(path), options)
    if scheme in {"test", "csi"}:
        return Address(scheme, path.strip("/"), options)
    msg = f"'{scheme}://…' is not a source; expected rtsp, rtsps, file, v4l2, csi or test"
    raise SourceError(msg)


def _parse_camera(scheme: str, rest: str) -> Address:
    """A camera's URL; the user information ends at the last `@` before the path."""
    end = min((rest.find(mark) for mark in "/?#" if mark in rest), default=len(rest))
    authority, path = rest[:end], rest[end:]
    userinfo, at, host = authority.rpartition("@")
    _check_host(scheme, host, path)
    if not at:
        return Address(scheme, f"{scheme}://{host}{path}")
    username, _, password = map(unquote, userinfo.partition(":"))
    if "\0" in username + password:
        msg = f"{scheme}://***@{brief(host)}: a user name or password cannot hold %00"
        raise SourceError(msg)
    return Address(scheme, f"{scheme}://{host}{path}", credentials=Credentials(username, password))


def _check_host(scheme: str, host: str, path: str) -> None:
    """Refuse what is no host[:port]: most often a password with a bare `/`, `?` or `#`."""
    found = _HOST.fullmatch(host)
    if found and (found["port"] is None or 0 < int(found["port"]) < 65536):
        try:
            return check_host(found["name"].strip("[]"))
        except ValueError as exc:
            msg = f"'{scheme}://{brief(host)}': {exc}"
            raise SourceError(msg) from exc
    if "@" in path:
        msg = (
            f"{scheme}://***: the address has no valid host; write '/', '?' and '#' in a password"
            " as %2F, %3F and %23, or use username and password_file"
        )
    else:
        msg = f"'{scheme}://{brief(host + path)}': expected {scheme}://host[:port]/path"
    raise SourceError(msg)


def _local_path(rest: str) -> str:
    """The path of `/path`, `localhost/path` or a relative path, percent-decoded.

    A name may hold a bare `%` that decodes to nothing: `unquote` leaves it alone.
    """
    path = unquote(rest.removeprefix("localhost") if rest.startswith("localhost/") else rest)
    if problem := problem_of_path(Path(path)):
        msg = f"'{brief(rest)}': {problem}"
        raise SourceError(msg)
    return path
