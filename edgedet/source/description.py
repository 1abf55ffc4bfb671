"""What GStreamer is asked to build for each kind of source: text and values, nothing runs here.

Paths, addresses and passwords are properties and never part of the launch line: nothing in them
needs quoting, and nothing secret is ever printed. Data is queued compressed, in front of the
decoder, where a second of video is a few hundred kilobytes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from edgedet.config.source import SourceSettings
from edgedet.errors import SourceError
from edgedet.frame import PixelFormat
from edgedet.log import redact
from edgedet.source.uri import Address, Credentials, parse_uri

NATIVE_FORMATS = tuple(pixel_format.value for pixel_format in PixelFormat)
"""Formats that are passed on as the decoder made them."""

TEST_PATTERNS = (
    "ball", "smpte", "snow", "black", "white", "red", "green", "blue", "checkers-8",
    "circular", "blink", "smpte75", "zone-plate", "gamut", "chroma-zone-plate", "solid-color",
    "smpte100", "bar", "pinwheel", "spokes", "gradient", "colors",
)  # fmt: skip

SOURCE, DECODER, SINK = "source", "decoder", "frames"
"""Names of the elements that the pipeline looks up."""

JITTER_BUFFER_MS = 200  # rtspsrc's own default is 2000 ms
CONNECT_TIMEOUT_US = 10_000_000
_COMPRESSED_QUEUE = "queue max-size-buffers=0 max-size-time=0 max-size-bytes=8388608"
_NVMM = "memory:NVMM"


@dataclass(frozen=True, slots=True)
class PipelineDescription:
    """A launch line, and the properties to set by element name before anything starts."""

    launch: str
    properties: Mapping[str, Mapping[str, str | int]] = field(default_factory=dict)
    credentials: Credentials | None = None


def describe(
    settings: SourceSettings, credentials: Credentials | None = None
) -> PipelineDescription:
    """The pipeline for `settings`, with `credentials` instead of those in the address, if given.

    Raises:
        SourceError: if the address or its options make no sense.
    """
    try:
        address = parse_uri(settings.uri)
        if address.scheme == "file":
            return _file(settings, address)
        if address.scheme == "v4l2":
            return _device(address)
        if address.scheme == "test":
            return _pattern(settings, address)
        return _camera(address, credentials or address.credentials)
    except SourceError as exc:
        msg = f"source '{settings.id}': {exc}"
        raise SourceError(msg) from exc


def bridge(pixel_format: str, memory: str) -> str:
    """The elements between a decoder's raw video and the sink; empty where none are needed.

    `memory` is the caps feature of the decoder's output.

    >>> bridge("NV12", "memory:SystemMemory")
    ''
    >>> bridge("Y42B", "memory:SystemMemory")
    'videoconvert ! capsfilter caps=video/x-raw,format=I420'
    """
    if _NVMM in memory:
        return "nvvidconv ! capsfilter caps=video/x-raw,format=RGBA"
    if pixel_format in NATIVE_FORMATS:
        return ""
    return "videoconvert ! capsfilter caps=video/x-raw,format=I420"


def tuning(element: str) -> Mapping[str, str | int]:
    """Properties worth setting on a decoder, where it has them: they come and go by release."""
    if element == "nvv4l2decoder":
        return {"enable-max-performance": 1}  # gone in JetPack 7
    return {"max-errors": -1}  # a damaged frame is no reason to stop; the default before 1.22 is 10


def _file(settings: SourceSettings, address: Address) -> PipelineDescription:
    """A file in any container; at its own pace, or as fast as it is read."""
    sink = _sink(sync=settings.realtime, keeps_all=True)
    return PipelineDescription(
        launch=f"filesrc name={SOURCE} ! {_decoder()} {sink}",
        properties={SOURCE: {"location": address.location}},
    )


def _camera(address: Address, credentials: Credentials | None) -> PipelineDescription:
    """A network camera over TCP: a failed UDP setup makes some cameras drop the connection.

    The caps behind the source let video through only; which tracks are set up at all is decided
    in the pipeline, as the server announces them.
    """
    launch = (
        f"rtspsrc name={SOURCE} protocols=tcp latency={JITTER_BUFFER_MS}"
        f" tcp-timeout={CONNECT_TIMEOUT_US}"
        f" ! application/x-rtp,media=video ! {_COMPRESSED_QUEUE}"
        f" ! {_decoder()} {_sink(sync=False, keeps_all=False)}"
    )
    return PipelineDescription(
        launch=launch,
        properties={SOURCE: {"location": address.location}},
        credentials=credentials,
    )


def _device(address: Address) -> PipelineDescription:
    """A camera of this machine; JPEG first, as raw video of several cameras overloads a USB bus."""
    numbers = _numbers(address, {"width", "height", "fps"})
    limits = "".join(f",{key}={numbers[key]}" for key in ("width", "height") if key in numbers)
    if "fps" in numbers:
        limits += f",framerate={numbers['fps']}/1"
    launch = (
        f'v4l2src name={SOURCE} ! capsfilter caps="image/jpeg{limits};video/x-raw{limits}"'
        f" ! queue max-size-buffers=4 leaky=downstream"
        f" ! {_decoder()} {_sink(sync=False, keeps_all=False)}"
    )
    return PipelineDescription(
        launch=launch,
        properties={SOURCE: {"device": address.location}},
    )


def _pattern(settings: SourceSettings, address: Address) -> PipelineDescription:
    """A made picture: `test://ball?width=640&height=480&fps=30&frames=100`."""
    if address.location not in TEST_PATTERNS:
        known = ", ".join(TEST_PATTERNS)
        msg = f"no test pattern '{address.location}'; expected one of {known}"
        raise SourceError(msg)
    numbers = _numbers(address, {"width", "height", "fps", "frames"})
    is_live = settings.realtime
    launch = (
        f"videotestsrc name={SOURCE} pattern={address.location} is-live={str(is_live).lower()}"
        f" num-buffers={numbers.get('frames', -1)}"
        f" ! video/x-raw,format=I420,width={numbers.get('width', 640)}"
        f",height={numbers.get('height', 480)},framerate={numbers.get('fps', 30)}/1"
        f" ! {_sink(sync=False, keeps_all=not is_live or 'frames' in numbers)}"
    )
    return PipelineDescription(launch)


def _decoder() -> str:
    """Everything from the container to raw video; other tracks are neither decoded nor missed.

    Raw video in any memory: the sink asks for plain memory, and NVIDIA's is converted. Without
    `(ANY)` decodebin refuses decoders that could do with plain memory as well.
    """
    return f'decodebin name={DECODER} expose-all-streams=false caps="video/x-raw(ANY)"'


def _sink(*, sync: bool, keeps_all: bool) -> str:
    """The sink; it waits for its reader (`keeps_all`) or drops the oldest.

    Few frames wait in it, as each holds one of the decoder's own buffers.
    """
    return (
        f'appsink name={SINK} caps="video/x-raw,format={{{", ".join(NATIVE_FORMATS)}}}"'
        f" sync={str(sync).lower()} max-buffers={4 if keeps_all else 2}"
        f" drop={str(not keeps_all).lower()} enable-last-sample=false wait-on-eos=false"
    )


def _numbers(address: Address, known: set[str]) -> dict[str, int]:
    """The options of `address` as positive whole numbers."""
    numbers = {}
    for key, text in address.options.items():
        if key not in known:
            names = ", ".join(sorted(known))
            msg = f"{address.scheme}:// has no option '{redact(key)}'; expected {names}"
            raise SourceError(msg)
        if not text.isdecimal() or not 0 < int(text) <= 1_000_000:
            msg = f"option {key}={text!r}: expected a whole number from 1 to 1000000"
            raise SourceError(msg)
        numbers[key] = int(text)
    return numbers
