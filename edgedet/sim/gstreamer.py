"""GStreamer for the simulated cameras; the only file of this room that imports `gi`."""

from functools import cache
from typing import Any, NamedTuple

from edgedet.errors import SourceError


class GStreamer(NamedTuple):
    """The modules in use."""

    gst: Any
    glib: Any
    rtsp: Any
    status: Any


@cache
def gstreamer() -> GStreamer:
    """The modules, initialised once.

    Raises:
        SourceError: if the RTSP server library or its bindings are not installed.
    """
    try:
        import gi  # noqa: PLC0415 - the rest of edgedet must work without it

        gi.require_version("Gst", "1.0")
        gi.require_version("GstRtsp", "1.0")
        gi.require_version("GstRtspServer", "1.0")
        from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # noqa: PLC0415
    except (ImportError, ValueError) as exc:
        msg = (
            f"GStreamer's RTSP server is missing ({exc}); on Debian and Ubuntu install python3-gi"
            " and gir1.2-gst-rtsp-server-1.0"
        )
        raise SourceError(msg) from exc
    Gst.init(None)
    return GStreamer(Gst, GLib, GstRtspServer, GstRtsp.RTSPStatusCode)
