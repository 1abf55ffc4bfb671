"""The C structures agree with what GStreamer's own introspection data say."""

import ctypes
from typing import Any

import gi
import pytest

gi.require_version("Gst", "1.0")
gi.require_version("GstVideo", "1.0")

from gi.repository import Gst, GstVideo  # noqa: E402 - the version must be asked for first

from edgedet.source import abi  # noqa: E402

# MapInfo is hidden by gst-python, and the introspection data of VideoFrame leave out a union inside
# VideoInfo: the pixel tests of test_memory.py hold those two
PAIRS = [
    (abi.MiniObject, Gst.MiniObject),
    (abi.Buffer, Gst.Buffer),
    (abi.PadProbeInfo, Gst.PadProbeInfo),
    (abi.VideoInfo, GstVideo.VideoInfo),
]


@pytest.mark.parametrize(("ours", "theirs"), PAIRS)
def test_fields_lie_where_gstreamer_has_them(ours: type[ctypes.Structure], theirs: Any) -> None:  # noqa: ANN401
    offsets = {field.get_name(): field.get_offset() for field in theirs.__info__.get_fields()}
    shared = [str(field[0]) for field in ours._fields_ if field[0] in offsets]
    assert len(shared) >= 3
    assert {name: getattr(ours, name).offset for name in shared} == {
        name: offsets[name] for name in shared
    }


@pytest.mark.parametrize("name", ["VideoInfo", "VideoFrame"])
def test_structures_that_gstreamer_writes_are_big_enough(name: str) -> None:
    theirs = getattr(GstVideo, name)
    assert ctypes.sizeof(getattr(abi, name)) >= theirs.__info__.get_size()


def test_libraries_are_found() -> None:
    version = abi.bind(abi.library("gstreamer").gst_version_string, ctypes.c_char_p)
    assert b"GStreamer 1." in ctypes.string_at(version())
