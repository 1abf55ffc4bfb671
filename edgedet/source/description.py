"""What GStreamer is asked to build for each kind of source: text and values, nothing runs here.

Paths, addresses and passwords are properties and never part of the launch line: nothing in them
needs quoting, and nothing secret is ever printed. Data is queued compressed, in front of the
decoder, where a second of video is a few hundred kilobytes.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from edgedet.config.section import brief, shown
from edgedet.config.source import SourceSettings
from edgedet.errors import MissingPluginError, SourceError
from edgedet.frame import PixelFormat
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
_SENSOR = re.compile("[0-9]{1,3}")
_NUMBER = re.compile("[0-9]{1,7}")
_CSI_CAMERA = "nvarguscamerasrc"
_CSI_PACKAGE = "nvidia-l4t-gstreamer"

Registry = Callable[[str], bool]
"""Whether GStreamer has an element of that name here."""


def everything(_element: str) -> bool:
    """The registry of a machine that has it all: for judging an address and not the machine."""
    return True


@dataclass(frozen=True, slots=True)
class PipelineDescription:
    """A launch line, and the properties to set by element name before anything starts.

    `optional` ones are set where the element has them, as they came with later releases.
    """

    launch: str
    properties: Mapping[str, Mapping[str, str | int]] = field(default_factory=dict)
    optional: Mapping[str, Mapping[str, str | int | bool]] = field(default_factory=dict)
    credentials: Credentials | None = None
    tls_ca_file: Path | None = None
    tls_insecure: bool = False


def describe(
    settings: SourceSettings,
    credentials: Credentials | None = None,
    registry: Registry = everything,
) -> PipelineDescription:
    """The pipeline for `settings`, with `credentials` instead of those in the address, if given.

    Raises:
        SourceError: if the address or its options make no sense, or `registry` lacks what it needs.
    """
    try:
        address = parse_uri(settings.uri)
        if address.scheme == "file":
            return _file(settings, address)
        if address.scheme == "v4l2":
            return _device(address)
        if address.scheme == "test":
            return _pattern(settings, address)
        if address.scheme == "csi":
            return _csi(address, registry)
        return _camera(settings, address, credentials or address.credentials)
    except MissingPluginError as exc:
        msg = f"source '{settings.id}': {exc}"
        raise MissingPluginError(msg, exc.packages) from exc
    except SourceError as exc:
        msg = f"source '{settings.id}': {exc}"
        raise SourceError(msg) from exc


def bridge(pixel_format: str, memory: str, registry: Registry = everything) -> str:
    """The elements between a decoder's raw video and the sink; empty where none are needed.

    `memory` is the caps feature of the decoder's output. NVIDIA's own memory is read through the
    converter that is there: Jetson has nvvidconv, DeepStream on a graphics card nvvideoconvert.

    >>> bridge("NV12", "memory:SystemMemory")
    ''
    >>> bridge("Y42B", "memory:SystemMemory")
    'videoconvert ! capsfilter caps=video/x-raw,format=I420'
    """
    if _NVMM in memory:
        converter = "nvvidconv" if registry("nvvidconv") else "nvvideoconvert"
        return f"{converter} ! capsfilter caps=video/x-raw,format=RGBA"
    if pixel_format in NATIVE_FORMATS:
        return ""
    return "videoconvert ! capsfilter caps=video/x-raw,format=I420"


def _file(settings: SourceSettings, address: Address) -> PipelineDescription:
    """A file in any container; at its own pace, or as fast as it is read."""
    sink = _sink(sync=settings.realtime, keeps_all=True)
    return PipelineDescription(
        launch=f"filesrc name={SOURCE} ! {_decoder()} {sink}",
        properties={SOURCE: {"location": address.location}},
    )


def _camera(
    settings: SourceSettings, address: Address, credentials: Credentials | None
) -> PipelineDescription:
    """A network camera, over TCP by default: some hang up after a failed UDP setup.

    The caps behind the source let video through only; which tracks are set up at all is decided
    in the pipeline, as the server announces them. Sender reports give the camera's own time.
    """
    launch = (
        f"rtspsrc name={SOURCE} protocols={settings.transport} latency={JITTER_BUFFER_MS}"
        f" tcp-timeout={CONNECT_TIMEOUT_US}"
        f" ! application/x-rtp,media=video ! {_COMPRESSED_QUEUE}"
        f" ! {_decoder()} {_sink(sync=False, keeps_all=False)}"
    )
    return PipelineDescription(
        launch=launch,
        properties={SOURCE: {"location": address.location}},
        optional={SOURCE: {"add-reference-timestamp-meta": True}},  # GStreamer 1.22
        credentials=credentials,
        tls_ca_file=settings.tls_ca_file,
        tls_insecure=settings.tls_insecure,
    )


def _device(address: Address) -> PipelineDescription:
    """A camera of this machine; JPEG first, as raw video of several cameras overloads a USB bus."""
    limits = _limits(address)
    launch = (
        f'v4l2src name={SOURCE} ! capsfilter caps="image/jpeg{limits};video/x-raw{limits}"'
        f" ! queue max-size-buffers=4 leaky=downstream"
        f" ! {_decoder()} {_sink(sync=False, keeps_all=False)}"
    )
    return PipelineDescription(
        launch=launch,
        properties={SOURCE: {"device": address.location}},
    )


def _csi(address: Address, registry: Registry) -> PipelineDescription:
    """A camera on the ribbon of a Jetson, through its image processor: `csi://0?width=1920`."""
    if not _SENSOR.fullmatch(address.location):
        msg = f"'csi://{brief(address.location)}': expected the number of the sensor, as in csi://0"
        raise SourceError(msg)
    if not registry(_CSI_CAMERA):
        msg = (
            f"csi:// needs GStreamer's {_CSI_CAMERA}, which is not here; it comes with JetPack"
            f" ({_CSI_PACKAGE}), and a container must be given NVIDIA's libraries"
        )
        raise MissingPluginError(msg, (_CSI_PACKAGE,))
    launch = (
        f"{_CSI_CAMERA} name={SOURCE} ! video/x-raw({_NVMM}){_limits(address)}"
        f" ! {bridge('NV12', _NVMM, registry)} ! {_sink(sync=False, keeps_all=False)}"
    )
    return PipelineDescription(launch, {SOURCE: {"sensor-id": int(address.location)}})


def _limits(address: Address) -> str:
    """The caps that a local camera is asked for."""
    numbers = _numbers(address, {"width", "height", "fps"})
    limits = "".join(f",{key}={numbers[key]}" for key in ("width", "height") if key in numbers)
    return limits + (f",framerate={numbers['fps']}/1" if "fps" in numbers else "")


def _pattern(settings: SourceSettings, address: Address) -> PipelineDescription:
    """A made picture: `test://ball?width=640&height=480&fps=30&frames=100`."""
    if address.location not in TEST_PATTERNS:
        known = ", ".join(TEST_PATTERNS)
        msg = f"no test pattern '{brief(address.location)}'; expected one of {known}"
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
            msg = f"{address.scheme}:// has no option '{shown(key)}'; expected {names}"
            raise SourceError(msg)
        if not _NUMBER.fullmatch(text) or not 0 < int(text) <= 1_000_000:
            msg = f"option {key}='{brief(text)}': expected a whole number from 1 to 1000000"
            raise SourceError(msg)
        numbers[key] = int(text)
    return numbers
