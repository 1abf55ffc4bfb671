"""Which decoders are hardware, and when they are given up."""

import pytest

from edgedet.source.decoders import (
    HARDWARE_TRIES,
    HardwareTrust,
    is_hardware,
    is_video_decoder,
    is_video_parser,
    tuning,
)


@pytest.mark.parametrize(
    ("element", "klass", "expected"),
    [
        ("nvv4l2decoder", "Codec/Decoder/Video", True),
        ("v4l2h264dec", "Codec/Decoder/Video/Hardware", True),
        ("vah265dec", "Codec/Decoder/Video/Hardware", True),
        ("somedec", "Codec/Decoder/Video/Hardware", True),
        ("avdec_h264", "Codec/Decoder/Video", False),
        ("jpegdec", "Codec/Decoder/Image", False),
        ("openh264dec", "Codec/Decoder/Video", False),
        ("dav1ddec", "Codec/Decoder/Video", False),
        ("vp9dec", "Codec/Decoder/Video", False),
    ],
)
def test_hardware_is_told_from_software(element: str, klass: str, *, expected: bool) -> None:
    assert is_hardware(element, klass) is expected


def test_tuning_is_for_the_decoder_that_has_it() -> None:
    assert tuning("nvv4l2decoder") == {"enable-max-performance": 1}
    assert tuning("avdec_h264") == {"max-errors": -1}
    assert tuning("h265parse") == {"config-interval": -1}


def test_parsers_and_decoders_of_video_are_told_from_other_elements() -> None:
    assert is_video_parser("Codec/Parser/Converter/Video")
    assert not is_video_parser("Codec/Parser/Audio")
    assert is_video_decoder("Codec/Decoder/Image")
    assert not is_video_decoder("Codec/Decoder/Audio")


def test_hardware_is_given_up_after_failures_in_a_row_and_says_so() -> None:
    trust = HardwareTrust()
    for _ in range(HARDWARE_TRIES - 1):
        trust.failed("nvv4l2decoder")
        trust.worked()
    assert (trust.is_lost, trust.note) == (False, "")
    for _ in range(HARDWARE_TRIES):
        trust.failed("nvv4l2decoder")
    assert trust.is_lost
    assert "decoded in software: the hardware decoder nvv4l2decoder" in trust.note


def test_software_that_works_does_not_bring_hardware_back() -> None:
    trust = HardwareTrust()
    for _ in range(HARDWARE_TRIES):
        trust.failed("nvv4l2decoder")
    trust.worked()
    assert trust.is_lost
