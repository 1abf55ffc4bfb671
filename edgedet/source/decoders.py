"""Which decoder a pipeline may take, and how it is set; names and rules, nothing runs here."""

from collections.abc import Mapping

HARDWARE_TRIES = 2
_HARDWARE_PREFIXES = (
    "nv",
    "v4l2",
    "va",
    "omx",
    "qsv",
    "msdk",
    "d3d",
    "vtdec",
    "amcvideodec",
    "mpp",
)


def is_hardware(element: str, klass: str) -> bool:
    """Whether a decoder element works outside the processor; NVIDIA's do not all say so.

    >>> is_hardware("nvv4l2decoder", "Codec/Decoder/Video")
    True
    >>> is_hardware("avdec_h264", "Codec/Decoder/Video")
    False
    """
    return "Hardware" in klass or element.startswith(_HARDWARE_PREFIXES)


def is_video_parser(klass: str) -> bool:
    """Whether an element of the class `klass` finds the pictures in a compressed stream."""
    return "Parser" in klass and "Video" in klass


def is_video_decoder(klass: str) -> bool:
    """Whether an element of the class `klass` decodes video, or the pictures of Motion JPEG."""
    return "Decoder/Video" in klass or "Decoder/Image" in klass


def tuning(element: str) -> Mapping[str, str | int]:
    """Properties worth setting on a decoder or parser, where it has them: they come and go.

    Parsers repeat the parameter sets before every keyframe: a camera may tell them in the session's
    description alone, and a hardware decoder that begins later would wait for them for ever.
    """
    if element in {"h264parse", "h265parse"}:
        return {"config-interval": -1}
    if element == "nvv4l2decoder":
        return {"enable-max-performance": 1}  # gone in JetPack 7
    return {"max-errors": -1}  # a damaged frame is no reason to stop; the default before 1.22 is 10


class HardwareTrust:
    """Whether a source's hardware decoder is still believed in.

    A hardware decoder that takes data and gives no first picture is a plugin without its driver, a
    stream that it does not understand, or a unit that hangs. The pipeline is built again, and after
    `HARDWARE_TRIES` times without a picture between them decoding in software is the answer until
    the service is started anew: slow pictures are better than none.
    """

    def __init__(self) -> None:
        """Believe in it."""
        self._failures = 0
        self._element = ""

    @property
    def is_lost(self) -> bool:
        """Whether only software may decode."""
        return self._failures >= HARDWARE_TRIES

    @property
    def note(self) -> str:
        """What to tell; empty while hardware may be used."""
        if not self.is_lost:
            return ""
        return (
            f"decoded in software: the hardware decoder {self._element} gave no picture"
            f" {HARDWARE_TRIES} times; see its driver, and start the service again to try it anew"
        )

    def failed(self, element: str) -> None:
        """The hardware decoder `element` took data and gave nothing, or an error."""
        self._failures += 1
        self._element = element

    def worked(self) -> None:
        """A picture came out of a decoder; what is lost stays lost."""
        if not self.is_lost:
            self._failures = 0
