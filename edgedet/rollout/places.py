"""Where a bundle may come from that somebody asks for over the network. Pure but for links.

The operator names places; an address is below one of them or it is not fetched. So somebody who has
the broker can neither make a device look into its own network nor name a server of theirs.
"""

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

_PORTS = {"http": 80, "https": 443}


def is_within(source: str, places: Sequence[str]) -> bool:
    """Whether an address or folder is below one of `places`, as the settings name them."""
    try:
        parts = urlsplit(source)
        if parts.scheme in _PORTS:
            return _is_sound(source, parts) and any(_is_below(parts, place) for place in places)
        return _is_file_within(source, places)
    except (ValueError, OSError):
        return False


def _is_sound(source: str, parts: SplitResult) -> bool:
    """Whether everybody who reads the address takes it for the same one."""
    path = unquote(parts.path)
    odd = any(ord(sign) <= 0x20 or ord(sign) == 0x7F or sign == "\\" for sign in source + path)
    steps = path.split("/")[1:]
    is_direct = not any(step in (".", "..") for step in steps) and path.count("/") == (
        parts.path.count("/")  # no slash is hidden as %2f
    )
    return not odd and is_direct and "@" not in parts.netloc and not parts.fragment


def _is_below(parts: SplitResult, place: str) -> bool:
    allowed = urlsplit(place)
    return (
        parts.scheme == allowed.scheme
        and parts.hostname == allowed.hostname
        and (parts.port or _PORTS[parts.scheme]) == (allowed.port or _PORTS[parts.scheme])
        and unquote(parts.path).startswith(unquote(allowed.path))
    )


def _is_file_within(source: str, places: Sequence[str]) -> bool:
    path = Path(source)
    if not path.is_absolute():
        return False
    folders = [Path(place) for place in places if not urlsplit(place).scheme]
    return any(path.resolve().is_relative_to(folder.resolve()) for folder in folders)
