"""GStreamer's errors in our words."""

import pytest

from edgedet.errors import AuthenticationError, DecoderError, MissingPluginError, SourceError
from edgedet.source.failure import (
    CORE,
    RESOURCE,
    STREAM,
    Failure,
    missing_decoder,
    to_error,
    unbuilt,
)

PREFIX = "source 'gate' (rtsp://***@10.0.0.5/s)"


@pytest.mark.parametrize(
    ("failure", "kind", "words"),
    [
        (Failure(RESOURCE, 15, "Unauthorized"), AuthenticationError, "password_file"),
        (Failure(RESOURCE, 3, "Not found"), SourceError, "check the address"),
        (Failure(RESOURCE, 4, "Device busy"), SourceError, "other program"),
        (Failure(RESOURCE, 7, "x", "f.c(1):\nFailed to connect."), SourceError, "Failed to conn"),
        (Failure(STREAM, 4, "Could not determine type"), DecoderError, "expected a video"),
        (Failure(STREAM, 1, "Internal error", "reason not-negotiated (-4)"), DecoderError, "video"),
        (Failure(STREAM, 1, "Internal error", "reason error (-5)"), SourceError, "Internal error"),
        (Failure(CORE, 12, "missing a plug-in"), DecoderError, "no video track"),
        (Failure("other", 1, "odd."), SourceError, "odd"),
    ],
)
def test_kind_and_advice(failure: Failure, kind: type[SourceError], words: str) -> None:
    error = to_error(PREFIX, failure)
    assert type(error) is kind
    assert words in str(error)
    assert str(error).startswith(PREFIX)


def test_credentials_in_gstreamers_words_are_hidden() -> None:
    error = to_error(PREFIX, Failure(RESOURCE, 1, "cannot open rtsp://u:hunter2@10.0.0.5/s"))
    assert "hunter2" not in str(error)


def test_missing_decoder_says_what_to_install() -> None:
    assert "gstreamer1.0-libav" in str(missing_decoder(PREFIX, "H.265"))


def test_a_missing_element_is_told_with_its_package() -> None:
    error = unbuilt(PREFIX, 'gst_parse_error: no element "rtspsrc" (1)')
    assert isinstance(error, MissingPluginError)
    assert error.packages == ("gstreamer1.0-plugins-good",)
    assert "install gstreamer1.0-plugins-good" in str(error)


@pytest.mark.parametrize("reason", ['no element "someelement" (1)', "syntax error (0)"])
def test_another_reason_not_to_build_is_told_as_it_is(reason: str) -> None:
    error = unbuilt(PREFIX, reason)
    assert type(error) is DecoderError
    assert reason in str(error)
