"""GStreamer, loaded once; only this file of the room imports `gi`, and not before it is asked."""

import threading
from functools import cache
from pathlib import Path
from typing import Any

from edgedet.errors import SourceError
from edgedet.source.abi import keep_the_unwinder

_INITIALISING = threading.Lock()  # guards the first load, which sources do side by side


def load_gstreamer() -> Any:  # noqa: ANN401
    """The `Gst` module, initialised once; for any thread.

    Raises:
        SourceError: if GStreamer or its Python bindings are not installed.
    """
    with _INITIALISING:
        return _import_gstreamer()


@cache
def _import_gstreamer() -> Any:  # noqa: ANN401
    """See `load_gstreamer`.

    Raises:
        SourceError: if GStreamer or its Python bindings are not installed.
    """
    try:
        keep_the_unwinder()
        import gi  # noqa: PLC0415 - the rest of edgedet must work without it

        gi.require_version("Gst", "1.0")
        from gi.repository import Gst  # noqa: PLC0415
    except (ImportError, ValueError) as exc:
        msg = (
            f"GStreamer's Python bindings are missing ({exc}); on Debian and Ubuntu install"
            " python3-gi, gir1.2-gstreamer-1.0 and gir1.2-gst-plugins-base-1.0, and make the"
            " virtual environment with --system-site-packages"
        )
        raise SourceError(msg) from exc
    Gst.init(None)
    return Gst


def has_element(name: str) -> bool:
    """Whether GStreamer has an element of that name here; a `Registry`.

    Raises:
        SourceError: if GStreamer or its Python bindings are not installed.
    """
    return load_gstreamer().ElementFactory.find(name) is not None


def tls_database(file: Path) -> Any:  # noqa: ANN401
    """The certificates in `file`, as something that GStreamer's sources trust.

    Raises:
        SourceError: if there are none that can be read.
    """
    load_gstreamer()
    from gi.repository import Gio  # noqa: PLC0415

    try:
        return Gio.TlsFileDatabase.new(str(file.resolve()))
    except Exception as exc:  # GLib.Error, whose module may be imported in this file only
        msg = (
            f"cannot read tls_ca_file '{file}' ({exc}); expected certificates in PEM, the camera's"
            " own or those of the authority that signed it"
        )
        raise SourceError(msg) from exc
