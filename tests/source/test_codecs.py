"""What network cameras send, and over what: each kind from a real server."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from edgedet.errors import SourceError
from edgedet.frame import CaptureSource
from edgedet.source.gstreamer import GstSource
from edgedet.source.library import has_element, load_gstreamer
from tests.source.conftest import Serve
from tests.source.media import OPEN_S, VIDEO, X264, make_source, read

H264 = f"{VIDEO} ! {X264} ! rtph264pay name=pay0"
H265 = (
    f"{VIDEO} ! x265enc speed-preset=ultrafast tune=zerolatency key-int-max=10 ! h265parse"
    " ! rtph265pay name=pay0"
)
MJPEG = f"{VIDEO} ! jpegenc ! rtpjpegpay name=pay0"
AV1 = f"{VIDEO} ! av1enc cpu-used=8 usage-profile=realtime ! av1parse ! rtpav1pay name=pay0"


def read_on(source: GstSource) -> None:
    """Read until the stream ends, which it must."""
    while True:
        read(source).close()


@pytest.mark.parametrize(
    ("launch", "decoders"),
    [
        pytest.param(H264, {"avdec_h264", "openh264dec", "nvv4l2decoder"}, id="h264"),
        pytest.param(H265, {"avdec_h265", "libde265dec", "nvv4l2decoder"}, id="h265"),
        pytest.param(MJPEG, {"jpegdec", "avdec_mjpeg", "nvjpegdec"}, id="mjpeg"),
        pytest.param(AV1, {"av1dec", "dav1ddec", "nvv4l2decoder"}, id="av1"),
    ],
)
def test_each_codec_is_decoded_and_the_decoder_named(
    serve: Serve, launch: str, decoders: set[str]
) -> None:
    missing = [name for name in ("rtpav1pay", "rtpav1depay") if not has_element(name)]
    if launch == AV1 and missing:
        pytest.skip(f"GStreamer here has no {missing[0]} (gst-plugins-rs): no AV1 over RTP")
    source = make_source(serve(launch).url)
    source.open(OPEN_S)
    for _ in range(5):
        frame = read(source)
        assert int(frame.planes[0].max()) > 200  # the white ball
        frame.close()
    assert source.condition.decoder in decoders
    assert source.condition.note == ""
    source.close()


def test_a_camera_that_changes_its_codec_is_read_on(serve: Serve) -> None:
    server = serve(H264)
    source = make_source(server.url)
    source.open(OPEN_S)
    last = read(source)
    server.stop()
    with pytest.raises(SourceError):
        read_on(source)
    serve(H265, port=urlsplit(server.url).port or 0)
    source.open(OPEN_S)
    assert read(source).info.seq > last.info.seq
    assert "265" in source.condition.decoder
    source.close()


def test_udp_is_used_when_asked_for(serve: Serve) -> None:
    source = make_source(serve(H264).url, transport="udp")
    source.open(OPEN_S)
    read(source).close()
    source.close()


@pytest.fixture
def plain_decoder() -> Iterator[str]:
    """Makes a decoder the first choice that, as Jetson's, wants parameter sets in the stream."""
    element = "openh264dec"
    if not has_element(element):
        pytest.skip(f"GStreamer here has no {element}")
    factory = load_gstreamer().ElementFactory.find(element)
    rank = factory.get_rank()
    factory.set_rank(2000)
    yield element
    factory.set_rank(rank)


def test_parameter_sets_of_the_description_reach_a_decoder_that_begins_late(
    serve: Serve, plain_decoder: str
) -> None:
    encoder = f"{X264.replace('max=10', 'max=30')} ! video/x-h264,stream-format=avc,alignment=au"
    url = serve(f"{VIDEO} ! {encoder} ! rtph264pay name=pay0 config-interval=0").url
    first, second = make_source(url), make_source(url)
    first.open(OPEN_S)
    for _ in range(4):
        read(first).close()
    second.open(OPEN_S)
    read(second).close()
    assert second.condition.decoder == plain_decoder
    for source in (first, second):
        source.close()


@pytest.mark.parametrize("form", ["byte-stream", "avc"])
def test_a_start_amid_a_group_of_pictures_waits_for_the_keyframe(serve: Serve, form: str) -> None:
    # avc: the parameter sets are in the session's description and never in the stream
    encoder = f"{X264.replace('max=10', 'max=40')} ! video/x-h264,stream-format={form},alignment=au"
    url = serve(f"{VIDEO} ! {encoder} ! rtph264pay name=pay0 config-interval=0").url
    first, second = make_source(url), make_source(url)
    first.open(OPEN_S)
    for _ in range(4):
        read(first).close()
    second.open(OPEN_S)
    frame = read(second)
    luma = frame.planes[0]
    assert int(luma.max()) > 200
    assert int(luma.min()) < 40  # a smear over nothing would be grey
    assert second.condition.quarantined > 0
    assert second.condition.note == ""
    for source in (first, second):
        source.close()


def test_the_cameras_own_time_is_used_once_it_has_told_it(serve: Serve) -> None:
    source = make_source(serve(H264).url)
    source.open(OPEN_S)
    for _ in range(25 * 20):  # the first report comes within some seconds
        frame = read(source)
        frame.close()
        if frame.info.capture.source is CaptureSource.RTCP_NTP:
            break
    assert frame.info.capture.source is CaptureSource.RTCP_NTP
    offset_ms = source.condition.clock_offset_ms
    assert offset_ms is not None
    assert abs(offset_ms) < 2000  # the same machine, however busy
    assert frame.info.capture.error_ms == pytest.approx(abs(offset_ms))
    source.close()


def test_a_secure_camera_is_trusted_by_its_certificate_alone(
    serve: Serve, certificate: Path, tmp_path: Path
) -> None:
    url = serve(H264, certificate=certificate).url
    with pytest.raises(SourceError, match="see tls_ca_file"):
        make_source(url).open(OPEN_S)
    for trust in ({"tls_ca_file": str(certificate)}, {"tls_insecure": True}):
        source = make_source(url, **trust)
        source.open(OPEN_S)
        read(source).close()
        source.close()
    nothing = make_source(url, tls_ca_file=str(tmp_path / "none.pem"))
    with pytest.raises(SourceError, match=r"source 'gate' .*cannot read tls_ca_file"):
        nothing.open(OPEN_S)
