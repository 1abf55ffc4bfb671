"""What GStreamer's error codes mean to us: refused credentials, no decoder, or anything else."""

import re
from dataclasses import dataclass

from edgedet.errors import AuthenticationError, DecoderError, MissingPluginError, SourceError
from edgedet.log import redact

RESOURCE, STREAM, CORE = (
    "gst-resource-error-quark",
    "gst-stream-error-quark",
    "gst-core-error-quark",
)
_NOT_FOUND, _BUSY, _OPEN_READ_WRITE, _READ, _NOT_AUTHORIZED = 3, 4, 7, 9, 15  # GstResourceError
_STREAM_FAILED = 1  # GstStreamError: also what a source says when nobody takes its data
_MISSING_PLUGIN = 12  # GstCoreError
_REFUSED = ("not-negotiated", "not-linked")
_DECODER_PACKAGES = ("gstreamer1.0-libav", "gstreamer1.0-plugins-bad")
_NO_ELEMENT = re.compile(r'no element "([\w-]+)"')  # what parse_launch says

PACKAGES = {
    "rtspsrc": "gstreamer1.0-plugins-good",
    "decodebin": "gstreamer1.0-plugins-base",
    "appsink": "gstreamer1.0-plugins-base",
    "videoconvert": "gstreamer1.0-plugins-base",
    "videotestsrc": "gstreamer1.0-plugins-base",
    "h264parse": "gstreamer1.0-plugins-bad",
    "h265parse": "gstreamer1.0-plugins-bad",
    "jpegdec": "gstreamer1.0-plugins-good",
    "v4l2src": "gstreamer1.0-plugins-good",
    "matroskamux": "gstreamer1.0-plugins-good",
}
"""The package of Debian and Ubuntu that has an element."""

_CONNECTION_ADVICE = (
    "no connection; check that the camera is switched on and reachable, and its address (rtsps: and"
    " that this machine trusts its certificate, see tls_ca_file)"
)
_ADVICE = {
    (RESOURCE, _NOT_FOUND): "not found; check the address",
    (RESOURCE, _BUSY): "in use; stop the other program that reads it",
    (RESOURCE, _OPEN_READ_WRITE): _CONNECTION_ADVICE,
    (RESOURCE, _READ): _CONNECTION_ADVICE,
}


@dataclass(frozen=True, slots=True)
class Failure:
    """An error as GStreamer reports it."""

    domain: str
    code: int
    text: str
    debug: str = ""


def missing_decoder(prefix: str, what: str) -> MissingPluginError:
    """The error for a stream of the kind `what` that nothing here can decode."""
    packages = ", ".join(_DECODER_PACKAGES)
    msg = (
        f"{prefix}: no decoder for '{what}'; install the decoder (on Debian and Ubuntu: {packages})"
        " or have the source send H.264"
    )
    return MissingPluginError(msg, _DECODER_PACKAGES)


def unbuilt(prefix: str, reason: str) -> DecoderError:
    """The error for a pipeline that GStreamer does not build, and why in GStreamer's words."""
    found = _NO_ELEMENT.search(reason)
    if found is None or found[1] not in PACKAGES:
        return DecoderError(
            f"{prefix}: cannot build the pipeline ({reason}); is a GStreamer plugin missing?"
        )
    package = PACKAGES[found[1]]
    msg = f"{prefix}: GStreamer has no element '{found[1]}'; install {package}"
    return MissingPluginError(msg, (package,))


def to_error(prefix: str, failure: Failure) -> SourceError:
    """The error to raise; `prefix` names the source and its address without credentials."""
    text = redact(failure.text.strip().rstrip("."))
    kind = (failure.domain, failure.code)
    if kind == (RESOURCE, _NOT_AUTHORIZED):
        return AuthenticationError(
            f"{prefix}: the camera refused the user name or password;"
            " check username and password_file of the source"
        )
    if kind == (CORE, _MISSING_PLUGIN):
        return DecoderError(f"{prefix}: it holds no video track, or an unknown kind of file")
    if failure.domain == STREAM and _is_about_content(failure):
        return DecoderError(
            f"{prefix}: no video that can be decoded ({text}); expected a video file or stream, and"
            " a decoder for it: see `gst-discoverer-1.0` for what it holds"
        )
    advice = _ADVICE.get(kind)
    detail = _detail(failure) or text
    return SourceError(f"{prefix}: {detail}; {advice}" if advice else f"{prefix}: {detail}")


def _detail(failure: Failure) -> str:
    """The last line of what GStreamer tells developers: often all there is; empty if nothing."""
    _, newline, detail = failure.debug.strip().rpartition("\n")
    return redact(detail.strip()) if newline else ""


def _is_about_content(failure: Failure) -> bool:
    """Whether the data is at fault, and not the connection."""
    if failure.code != _STREAM_FAILED:
        return True
    return any(reason in failure.debug for reason in _REFUSED)
