"""How well objects are followed, on a clip with ground truth: MOTA, IDF1, HOTA, and the cost.

The metrics are TrackEval's, the code of the benchmarks. It is no extra of ours, as its package asks
for opencv-python, which would overwrite the opencv-python-headless that is here:

    .venv/bin/pip install --no-deps trackeval scipy
    .venv/bin/python -m bench.tracking --clip vtest.avi --truth gt.txt
    .venv/bin/python -m bench.tracking --tracks tracks.jsonl --truth gt.txt

`--truth` is a MOTChallenge file (frame, id, left, top, width, height, flag, …; frames from 1). Rows
with flag 0 are to be ignored: neither they nor what covers them count.
"""

import argparse
import itertools
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from trackeval.metrics import CLEAR, HOTA, Identity

from bench.truth import Frame, Truth, compared, read_tracks, read_truth
from bench.workloads import open_session, read_clip
from edgedet.config.source import SourceSettings
from edgedet.detections import Detections, FrameDetections
from edgedet.frame import CaptureSource, CaptureTime, FrameInfo
from edgedet.manifest import Bundle, read_bundle
from edgedet.track.base import Picture
from edgedet.track.source_analyst import SourceAnalyst
from edgedet.vision import letterbox, select_detections

_START = datetime(2026, 1, 1, tzinfo=timezone.utc)
_QUIET = {"PRINT_CONFIG": False}


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What the device has of one frame: detections down to the weak ones, and its picture."""

    detections: Detections
    picture: Picture


def main() -> int:
    """Detect once, follow many times, print a table."""
    options = _parser().parse_args()
    bundle, truth = read_bundle(options.bundle), read_truth(options.truth)
    if options.tracks is not None:
        _compare(truth, read_tracks(options.tracks, len(truth)), options.split)
        return 0
    found = list(_detect(bundle, options, len(truth)))
    perfect = [_perfect(seen, frame) for seen, frame in zip(found, truth, strict=True)]
    table = Table(title="tracks", title_justify="left")
    for heading in ("detections", "colours", "frames/s", "frames", "MOTA", "IDF1", "HOTA"):
        table.add_column(heading)
    for heading in ("switches", "CPU ms p50", "p99"):
        table.add_column(heading, justify="right")
    spans = [(1, options.split), (options.split + 1, len(truth)), (1, len(truth))]
    for name, frames in ((options.bundle.name, found), ("ground truth", perfect)):
        for uses_colours, step in ((True, 1), (True, 2), (True, 3), (False, 1)):
            told, costs_ms = _follow(frames, bundle, options.fps, step, uses_colours=uses_colours)
            costs = np.percentile(costs_ms, [50, 99])
            for first, last in spans:
                picked = slice(-(-(first - 1) // step), -(-last // step))
                row = _scores(truth[::step][picked], told[picked])
                head = (name, "yes" if uses_colours else "no", f"{options.fps / step:.1f}")
                table.add_row(*head, f"{first}-{last}", *row, *(f"{cost:.2f}" for cost in costs))
    Console(width=110).print(table)
    return 0


def _compare(truth: Truth, tracks: Truth, split: int) -> None:
    """Print the scores of tracks that were written before."""
    table = Table(title="tracks as published", title_justify="left")
    for heading in ("frames", "MOTA", "IDF1", "HOTA", "switches"):
        table.add_column(heading, justify="right")
    for first, last in ((1, split), (split + 1, len(truth)), (1, len(truth))):
        picked = slice(first - 1, last)
        table.add_row(f"{first}-{last}", *_scores(truth[picked], tracks[picked]))
    Console(width=110).print(table)


def _detect(bundle: Bundle, options: argparse.Namespace, count: int) -> Iterator[Seen]:
    infer = open_session(bundle, options.backend)
    for image in read_clip(options.clip, count):
        shown, box = letterbox(image, bundle.input_hw)
        detections = select_detections(
            infer(shown[None])[0],
            box,
            score_threshold=0.1,
            iou_threshold=bundle.manifest.thresholds.iou,
        )
        yield Seen(detections, Picture(shown, box))


def _perfect(seen: Seen, frame: Frame) -> Seen:
    """The same picture with every object detected, those to be ignored too."""
    count = len(frame.ids)
    boxes = frame.boxes_xyxy.astype(np.float32)
    detections = Detections(boxes, np.ones(count, np.float32), np.zeros(count, np.int32))
    return Seen(detections, seen.picture)


def _follow(
    frames: Sequence[Seen], bundle: Bundle, fps: float, step: int, *, uses_colours: bool
) -> tuple[Truth, list[float]]:
    """What was published of every `step`th frame, and the processor's milliseconds for each."""
    settings = SourceSettings.model_validate(
        {"id": "clip", "uri": "file:///clip", "track": {"uses_colours": uses_colours}}
    )
    numbers = itertools.count(1)
    names = tuple(bundle.manifest.class_names)
    analyst = SourceAnalyst(settings, names, lambda: str(next(numbers)))
    told, costs_ms = [], []
    for seq in range(0, len(frames), step):
        seen = frames[seq]
        height, width = seen.picture.letterbox.source_hw
        time_s = seq / fps
        capture = CaptureTime(_START + timedelta(seconds=time_s), CaptureSource.FILE)
        info = FrameInfo("clip", seq, width, height, round(time_s * 1e9), capture, time_s)
        result = FrameDetections(info, seen.detections)
        start_s = time.thread_time()
        left, _ = analyst.observe(
            result, seen.picture if uses_colours else None, bundle.manifest.thresholds.score
        )
        costs_ms.append((time.thread_time() - start_s) * 1000)
        told.append(_named(left))
    return told, costs_ms


def _named(result: FrameDetections) -> Frame:
    rows = [row for row, track in enumerate(result.tracks) if track]
    boxes: NDArray[np.float64] = result.detections.boxes_xyxy[rows].astype(np.float64)
    ids = tuple(str(result.tracks[row]) for row in rows)
    return Frame(boxes, ids, np.ones(len(rows), dtype=np.bool_))


def _scores(truth: Truth, tracks: Truth) -> tuple[str, ...]:
    data = compared(truth, tracks)
    clear = CLEAR(_QUIET).eval_sequence(data)
    identity = Identity(_QUIET).eval_sequence(data)
    hota = float(np.mean(HOTA().eval_sequence(data)["HOTA"]))
    figures = (float(clear["MOTA"]), float(identity["IDF1"]), hota)
    return *(f"{figure:.3f}" for figure in figures), str(int(clear["IDSW"]))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.tracking", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--bundle", type=Path, default=Path("models/person"), help="(%(default)s)")
    given = parser.add_mutually_exclusive_group(required=True)
    given.add_argument("--clip", type=Path, help="the video")
    given.add_argument("--tracks", type=Path, help="score what `edgedet detect --track` wrote")
    parser.add_argument("--truth", type=Path, required=True, help="a MOTChallenge file")
    parser.add_argument("--backend", default="openvino", help="or onnxruntime (%(default)s)")
    parser.add_argument("--fps", type=float, default=10.0, help="of the clip (%(default)s)")
    parser.add_argument("--split", type=int, default=400, help="last frame of tuning (%(default)s)")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
