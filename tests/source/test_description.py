"""What is built for each kind of source."""

from pathlib import Path
from typing import Any

import pytest

from edgedet.config.source import SourceSettings
from edgedet.errors import SourceError
from edgedet.source.description import TEST_PATTERNS, bridge, describe
from edgedet.source.uri import Credentials


def settings(uri: str, **values: Any) -> SourceSettings:  # noqa: ANN401
    return SourceSettings.model_validate({"id": "gate", "uri": uri, **values})


@pytest.mark.parametrize("scheme", ["rtsp", "rtsps"])
def test_camera_uses_tcp_a_short_jitter_buffer_and_video_only(scheme: str) -> None:
    made = describe(settings(f"{scheme}://10.0.0.5/s"))
    assert "protocols=tcp" in made.launch
    assert "latency=200" in made.launch
    assert "application/x-rtp,media=video" in made.launch
    assert "drop=true" in made.launch


def test_camera_credentials_are_in_no_text() -> None:
    made = describe(settings("rtsp://admin:hunter2@10.0.0.5/s"))
    assert made.credentials == Credentials("admin", "hunter2")
    assert made.properties["source"] == {"location": "rtsp://10.0.0.5/s"}
    assert "hunter2" not in repr(made)


def test_given_credentials_win() -> None:
    other = Credentials("viewer", "secret")
    assert describe(settings("rtsp://a:b@10.0.0.5/s"), other).credentials == other


def test_compressed_data_is_queued_and_decoded_data_is_not() -> None:
    launch = describe(settings("rtsp://10.0.0.5/s")).launch
    assert launch.count("queue") == 1
    assert launch.index("queue") < launch.index("decodebin")


def test_file_keeps_every_frame_and_follows_the_clock_only_if_real_time() -> None:
    slow, fast = (
        describe(settings("file:///srv/a b.avi", realtime=realtime)) for realtime in (True, False)
    )
    assert "sync=true" in slow.launch
    assert "sync=false" in fast.launch
    assert "drop=false" in slow.launch
    assert "drop=false" in fast.launch
    assert slow.properties["source"] == {"location": "/srv/a b.avi"}


def test_device_prefers_jpeg_and_takes_limits() -> None:
    launch = describe(settings("v4l2:///dev/video0?width=1280&height=720&fps=15")).launch
    limits = "width=1280,height=720,framerate=15/1"
    assert f"image/jpeg,{limits};video/x-raw,{limits}" in launch


def test_pattern_is_live_unless_lossless() -> None:
    assert "is-live=true" in describe(settings("test://ball")).launch
    lossless = describe(settings("test://ball?frames=7", realtime=False))
    assert "is-live=false num-buffers=7" in lossless.launch
    assert "drop=false" in lossless.launch


@pytest.mark.parametrize(
    "uri",
    [
        "test://nope",
        "test://ball?frames=0",
        "test://ball?colour=1",
        "v4l2:///dev/video0?fps=x",
        "csi://front",
        "csi://0?fps=0",
    ],
)
def test_nonsense_is_refused_with_what_was_expected(uri: str) -> None:
    with pytest.raises(SourceError, match=r"source 'gate': .*expected"):
        describe(settings(uri))


@pytest.mark.parametrize("pixel_format", ["I420", "NV12", "RGB", "BGR", "RGBA", "GRAY8"])
def test_usual_formats_are_not_converted(pixel_format: str) -> None:
    assert bridge(pixel_format, "memory:SystemMemory") == ""


@pytest.mark.parametrize("pixel_format", ["YUY2", "Y42B", "I420_10LE", ""])
def test_other_formats_become_i420(pixel_format: str) -> None:
    assert bridge(pixel_format, "memory:SystemMemory").endswith("format=I420")


def test_jetson_memory_is_converted_by_its_own_element() -> None:
    jetson, card = {"nvvidconv", "nvv4l2decoder"}, {"nvvideoconvert", "nvv4l2decoder"}
    assert bridge("NV12", "memory:NVMM", jetson.__contains__).startswith("nvvidconv ! ")
    assert bridge("NV12", "memory:NVMM", card.__contains__).startswith("nvvideoconvert ! ")


def test_csi_camera_of_a_jetson() -> None:
    jetson = {"nvarguscamerasrc", "nvvidconv"}
    made = describe(settings("csi://1?width=1920&height=1080&fps=30"), None, jetson.__contains__)
    limits = "width=1920,height=1080,framerate=30/1"
    assert f"video/x-raw(memory:NVMM),{limits} ! nvvidconv ! " in made.launch
    assert made.properties["source"] == {"sensor-id": 1}


def test_csi_camera_elsewhere_is_refused_with_what_is_missing() -> None:
    with pytest.raises(SourceError, match=r"source 'gate': csi:// needs .*nvarguscamerasrc"):
        describe(settings("csi://0"), None, set[str]().__contains__)


def test_transport_and_trust_are_as_the_settings_say() -> None:
    plain = describe(settings("rtsp://10.0.0.5/s", transport="udp"))
    assert "protocols=udp" in plain.launch
    secure = describe(settings("rtsps://10.0.0.5/s", tls_ca_file="/etc/camera.pem"))
    assert secure.tls_ca_file == Path("/etc/camera.pem")
    assert describe(settings("rtsps://10.0.0.5/s", tls_insecure=True)).tls_insecure


def test_the_cameras_own_time_is_asked_for_where_gstreamer_can_give_it() -> None:
    made = describe(settings("rtsp://10.0.0.5/s"))
    assert made.optional["source"] == {"add-reference-timestamp-meta": True}


def test_patterns_are_unique() -> None:
    assert len(set(TEST_PATTERNS)) == len(TEST_PATTERNS)
