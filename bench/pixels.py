"""Ways from a decoder's planes into the network input, timed against each other.

    python bench/pixels.py [--video FILE] [--rounds 200] [--threads 1]

The ways take turns, so that whatever else the machine does falls on all of them; the table gives
medians, their ratio to converting first, and how far the result is from it in grey levels.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edgedet.clock import SystemClock
from edgedet.frame import CaptureSource, CaptureTime, Frame, FrameInfo, PixelFormat
from edgedet.vision.letterbox import Letterbox
from edgedet.vision.pixels import paint_letterboxed, to_rgb

U8 = NDArray[np.uint8]
INPUT_HW = (416, 416)
SIZES_HW = ((576, 768), (720, 1280), (1080, 1920))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--video", type=Path, help="take the picture from it, else a made one")
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--threads", type=int, default=1, help="of OpenCV")
    options = parser.parse_args()
    cv2.setNumThreads(options.threads)
    picture = first_picture(options.video)
    print(f"OpenCV {cv2.__version__}, {options.threads} thread(s), input {INPUT_HW}")
    print(
        f"{'picture':>10}  {'way':<34} {'ms':>7} {'ratio':>6} {'mean':>6} {'p99.9':>6} {'max':>4}"
    )
    for height, width in SIZES_HW:
        scaled = np.asarray(cv2.resize(picture, (width, height)), dtype=np.uint8)
        measure(scaled, options.rounds)


def measure(bgr: U8, rounds: int) -> None:
    """One block of the table."""
    ways = make_ways(bgr)
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            start_s = time.perf_counter()
            way()
            times[name].append(time.perf_counter() - start_s)
    reference = next(iter(ways.values()))().astype(int)
    base_ms = 0.0
    for name, way in ways.items():
        ms = statistics.median(times[name]) * 1000
        base_ms = base_ms or ms
        off = np.abs(way().astype(int) - reference)
        size = f"{bgr.shape[1]}x{bgr.shape[0]}"
        print(
            f"{size:>10}  {name:<34} {ms:7.3f} {ms / base_ms:6.2f} {off.mean():6.2f}"
            f" {np.percentile(off, 99.9):6.1f} {off.max():4d}"
        )


def make_ways(bgr: U8) -> dict[str, Callable[[], U8]]:
    """Every way under its name; the first is the reference."""
    height, width = bgr.shape[:2]
    packed = np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2YUV_I420), dtype=np.uint8)
    luma = packed[:height]
    u, v = (plane.copy() for plane in packed[height:].reshape(2, height // 2, width // 2))
    uv = np.dstack([u, v])
    i420 = make_frame(PixelFormat.I420, (luma.copy(), u, v))
    nv12 = make_frame(PixelFormat.NV12, (luma.copy(), uv))
    box = Letterbox.fit((height, width), INPUT_HW)
    size_wh = (box.content_hw[1], box.content_hw[0])
    even_wh = (size_wh[0] // 2 * 2, size_wh[1] // 2 * 2)
    content = (slice(box.top, box.top + size_wh[1]), slice(box.left, box.left + size_wh[0]))
    slot = np.full((*INPUT_HW, 3), 114, dtype=np.uint8)

    def resized(rgb: cv2.typing.MatLike) -> U8:
        cv2.resize(rgb, size_wh, dst=slot[content])
        return slot

    def subsampled() -> U8:
        half_wh = (even_wh[0] // 2, even_wh[1] // 2)
        small, chroma = cv2.resize(luma, even_wh), cv2.resize(uv, half_wh)
        out = slot[content][: even_wh[1], : even_wh[0]]
        cv2.cvtColorTwoPlane(small, chroma, cv2.COLOR_YUV2RGB_NV12, dst=out)
        return slot

    def painted(frame: Frame) -> U8:
        paint_letterboxed(frame, slot)
        return slot

    return {
        "convert I420 (merge), resize": lambda: resized(to_rgb(i420)),
        "convert I420 (one memory), resize": lambda: resized(
            cv2.cvtColor(packed, cv2.COLOR_YUV2RGB_I420)
        ),
        "convert NV12, resize": lambda: resized(to_rgb(nv12)),
        "resize to 4:2:0, convert": subsampled,
        "paint_letterboxed I420 (4:4:4)": lambda: painted(i420),
        "paint_letterboxed NV12 (4:4:4)": lambda: painted(nv12),
    }


def make_frame(pixel_format: PixelFormat, planes: tuple[U8, ...]) -> Frame:
    """A frame of `planes`."""
    height, width = planes[0].shape
    capture = CaptureTime(SystemClock().utc_now(), CaptureSource.FILE)
    info = FrameInfo("bench", 0, width, height, 0, capture, 0.0)
    return Frame(info, pixel_format, planes)


def first_picture(video: Path | None) -> U8:
    """The first frame of `video`, or smooth noise."""
    if video is None:
        noise = np.random.default_rng(0).integers(0, 256, (36, 48, 3), dtype=np.uint8)
        return np.asarray(cv2.resize(noise, (768, 576)), dtype=np.uint8)
    capture = cv2.VideoCapture(str(video))
    found, picture = capture.read()
    capture.release()
    if not found:
        msg = f"no picture in '{video}'"
        raise SystemExit(msg)
    return np.asarray(picture, dtype=np.uint8)


if __name__ == "__main__":
    main()
