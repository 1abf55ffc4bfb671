"""Hardware decoders that give nothing, and damage in front of and inside a decoder that works."""

import random
import subprocess
import sys
import zlib
from itertools import count
from pathlib import Path

from edgedet.clock import Deadline, SystemClock
from edgedet.source.description import DECODER, SINK, SOURCE, PipelineDescription
from edgedet.source.library import load_gstreamer
from edgedet.source.pipeline import Pipeline
from edgedet.source.quarantine import Quarantine
from edgedet.source.stream import Stream
from tests.source.media import make_video, run

_HARDWARE_DECODER_THAT_GIVES_NOTHING = """
import sys

from edgedet.source.library import load_gstreamer

Gst = load_gstreamer()
from edgedet.errors import SourceError
from gi.repository import GObject
from tests.source.media import make_source

H264 = "video/x-h264,stream-format=byte-stream,alignment=au"


class Dead(Gst.Element):
    def __init__(self):
        super().__init__()
        sink = Gst.Pad.new_from_template(self.get_pad_template("sink"), "sink")
        sink.set_chain_function_full(lambda *_: Gst.FlowReturn.OK)
        sink.set_event_function_full(lambda *_: True)
        self.add_pad(sink)
        self.add_pad(Gst.Pad.new_from_template(self.get_pad_template("src"), "src"))


def template(name, direction, caps):
    return Gst.PadTemplate.new(name, direction, Gst.PadPresence.ALWAYS, Gst.Caps.from_string(caps))


Dead.set_static_metadata("dead", "Codec/Decoder/Video/Hardware", "takes and gives nothing", "-")
Dead.add_pad_template(template("sink", Gst.PadDirection.SINK, H264))
Dead.add_pad_template(template("src", Gst.PadDirection.SRC, "video/x-raw"))
GObject.type_register(Dead)
Gst.Element.register(None, "nvdeaddec", Gst.Rank.PRIMARY + 500, Dead)
source = make_source(f"file://{sys.argv[1]}", realtime=False)



def open_somehow():
    for _ in range(30):  # a busy machine may need longer than it takes to see a dead decoder
        try:
            return source.open(0.7)
        except SourceError as exc:
            print(exc, file=sys.stderr)


open_somehow()
count = 0
while source.condition.decoder == "" or count < 5:
    source.read(5.0).close()
    count += 1
print(source.condition.decoder, "|", source.condition.note)
source.close()
open_somehow()
source.read(5.0).close()
print(source.condition.decoder)
source.close()
"""


def test_a_dead_hardware_decoder_is_replaced_by_software_and_that_is_told(tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.mkv")
    done = subprocess.run(
        [sys.executable, "-c", _HARDWARE_DECODER_THAT_GIVES_NOTHING, str(path)],
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    lines = done.stdout.splitlines()
    assert len(lines) == 2, done.stderr[-2000:]
    decoder, _, note = lines[0].partition(" | ")
    assert decoder in {"avdec_h264", "openh264dec"}
    assert note.startswith("decoded in software: the hardware decoder nvdeaddec gave no picture 2")
    assert lines[1] == decoder


def pictures(
    launch: str, path: str = "", lost: frozenset[int] = frozenset()
) -> tuple[dict[int, int], Quarantine]:
    """The digests of the pictures that `launch` gives by their number, and its quarantine.

    `lost` are the numbers of the packets that the element `loss` loses.
    """
    clock = SystemClock()
    quarantine = Quarantine(20.0, clock)
    description = PipelineDescription(
        f"{launch} ! decodebin name={DECODER} expose-all-streams=false caps=video/x-raw(ANY)"
        f" ! appsink name={SINK} sync=false",
        {SOURCE: {"location": path}} if path else {},
    )
    stream = Stream(Pipeline(description, "test", "gate", clock, quarantine), quarantine, "", clock)
    if lost:
        _lose(stream.pipeline, lost)
    stream.pipeline.start()
    found: dict[int, int] = {}
    first_ns: int | None = None
    deadline = Deadline(30.0, clock)
    while not stream.pipeline.is_at_end():
        assert not deadline.is_over()
        picture = stream.pull(1.0)
        if picture is not None:
            assert picture.pts_ns is not None
            first_ns = picture.pts_ns if first_ns is None else first_ns
            number = round((picture.pts_ns - first_ns) / 10_000_000)
            found[number] = zlib.crc32(picture.planes[0].tobytes())
            picture.release()
    stream.pipeline.stop()
    return found, quarantine


def _lose(pipeline: Pipeline, lost: frozenset[int]) -> None:
    """Lose packets, as a network does."""
    gst = load_gstreamer()
    numbers = count()

    def probe(_pad: object, _info: object) -> object:
        return gst.PadProbeReturn.DROP if next(numbers) in lost else gst.PadProbeReturn.OK

    pad = pipeline._pipeline.get_by_name("loss").get_static_pad("src")
    pad.add_probe(gst.PadProbeType.BUFFER, probe)


def test_lost_packets_lead_to_no_picture_that_was_not_sent() -> None:
    launch = (
        f"videotestsrc name={SOURCE} is-live=true pattern=zone-plate kt=3 num-buffers=90"
        " ! video/x-raw,format=I420,width=160,height=120,framerate=100/1"
        " ! x264enc tune=zerolatency threads=1 key-int-max=10 bitrate=800"
        " ! rtph264pay mtu=500 timestamp-offset=0 ! identity name=loss"
        " ! rtpjitterbuffer mode=none latency=50"
    )
    whole, quarantine = pictures(launch)
    assert (len(whole), quarantine.count) == (90, 0)
    lost = frozenset(random.Random(1).sample(range(20, 320), 6))  # noqa: S311 - no secret
    lossy, quarantine = pictures(launch, lost=lost)
    assert quarantine.count > 0
    assert 20 < len(lossy) < 90
    assert {number for number, digest in lossy.items() if whole[number] != digest} == set()


def test_a_unit_that_cannot_be_decoded_takes_those_that_refer_to_it_with_it(tmp_path: Path) -> None:
    stream, path = tmp_path / "a.h264", tmp_path / "a.mkv"
    run(
        "videotestsrc pattern=zone-plate kt=3 num-buffers=40"
        " ! video/x-raw,format=I420,width=160,height=120,framerate=100/1"
        " ! x264enc tune=zerolatency threads=1 sliced-threads=false key-int-max=10 ! tee name=out"
        f' ! queue ! h264parse ! matroskamux ! filesink location="{path}"'
        " out. ! queue ! h264parse ! video/x-h264,stream-format=byte-stream,alignment=au"
        f' ! filesink location="{stream}"'
    )
    launch = f"filesrc name={SOURCE}"
    whole, quarantine = pictures(launch, str(path))
    assert (len(whole), quarantine.count) == (40, 0)
    units = stream.read_bytes().split(b"\0\0\0\1\x41")[1:]  # those that refer to others
    content = path.read_bytes()
    assert content.count(units[12][:20]) == 1
    path.write_bytes(content.replace(units[12][:20], b"\xff" * 20))
    found, quarantine = pictures(launch, str(path))
    assert 0 < quarantine.count < 10
    assert len(found) + quarantine.count >= 39  # the damaged one is the decoder's own loss
    assert {number for number, digest in found.items() if whole[number] != digest} == set()
