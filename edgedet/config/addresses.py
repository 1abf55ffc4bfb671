"""Hosts and addresses in settings: what no resolver and no server could ever take is refused."""

import re
from urllib.parse import SplitResult, urlsplit

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_MAX_PORT = 65535
_MAX_CHARS = 2048


def has_control_characters(text: str) -> bool:
    """Whether it holds a NUL, a line end, an escape or another character that is no text."""
    return _CONTROL.search(text) is not None


def split_address(address: str) -> SplitResult:
    """The parts of a URL with a host, and a port from 0 to 65535 where it has one.

    Raises:
        ValueError: it holds blanks or control characters, or its host or port can be none.
    """
    if len(address) > _MAX_CHARS:
        msg = f"the address has {len(address)} characters; expected at most {_MAX_CHARS}"
        raise ValueError(msg)
    # urlsplit takes some of them out in silence
    if has_control_characters(address) or any(map(str.isspace, address)):
        msg = "an address cannot hold blanks or control characters"
        raise ValueError(msg)
    parts = urlsplit(address)
    if parts.hostname:
        check_host(parts.hostname)
    try:
        _ = parts.port
    except ValueError as exc:
        msg = f"the port must be a number from 0 to {_MAX_PORT}"
        raise ValueError(msg) from exc
    return parts


def check_host(host: str) -> None:
    """Let a name, an IPv4 or an IPv6 address without brackets pass.

    Raises:
        ValueError: no resolver would take it. `socket.getaddrinfo` raises for some of these what
            nobody expects of it.
    """
    if has_control_characters(host) or any(map(str.isspace, host)):
        msg = "a host name cannot hold blanks or control characters"
        raise ValueError(msg)
    if ":" in host:  # an IPv6 address, which has no labels
        return
    try:
        host.encode("idna")
    except UnicodeError as exc:
        msg = "that is no host name: between its dots are 1 to 63 characters"
        raise ValueError(msg) from exc
