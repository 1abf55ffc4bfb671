"""Where a program of this user keeps what it can find out again, and where the service does."""

import os
from collections.abc import Mapping
from pathlib import Path

SERVICE_STATE_DIR = Path("/var/lib/edgedet")
"""The default of `state_dir`."""


def user_cache_dir(environ: Mapping[str, str] = os.environ) -> Path | None:
    """`$XDG_CACHE_HOME/edgedet`, by default `~/.cache/edgedet`; None where there is no home.

    Source: XDG Base Directory Specification 0.8: a path that is not absolute is ignored.
    """
    base = Path(environ.get("XDG_CACHE_HOME", ""))
    if base.is_absolute():
        return base / "edgedet"
    try:
        return Path.home() / ".cache" / "edgedet"
    except RuntimeError:  # a service's user need not have one
        return None
