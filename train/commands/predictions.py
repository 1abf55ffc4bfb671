"""What `train predict` leaves: JSON lines, drawn pictures or a drawn video, YOLO labels."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import cv2
import numpy as np

from edgedet.detections import Detections
from edgedet.errors import DataError, UsageError
from edgedet.vision import xyxy_to_cxcywh
from train.drawing import Mark, class_colour, draw_marks, encode_jpeg
from train.evaluate.frames import Frame, FrameFiles

LINES_FILE = "detections.jsonl"
PICTURES_FOLDER, LABELS_FOLDER = "pictures", "labels"
_QUALITY = 90
_THICKNESS_SHARE = 1 / 500  # of a picture's long side


@dataclass(slots=True)
class PredictionFolder:
    """The folder `out`, written while frames come; a context manager."""

    out: Path
    source: FrameFiles
    class_names: Sequence[str]
    draws: bool = True
    yolo: bool = False
    _video: cv2.VideoWriter | None = None

    def __enter__(self) -> "PredictionFolder":  # noqa: PYI034 - Self is Python 3.11
        """Make the folder.

        Raises:
            UsageError: if it holds something already, or cannot be made.
        """
        try:
            self.out.mkdir(parents=True, exist_ok=True)
            taken = any(self.out.iterdir())
        except OSError as exc:
            msg = f"--out {self.out}: cannot write it: {exc.strerror}"
            raise UsageError(msg) from exc
        if taken:
            msg = f"--out {self.out}: is not empty; choose another folder"
            raise UsageError(msg)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the video."""
        if self._video is not None:
            self._video.release()

    def add(self, frame: Frame, found: Detections) -> None:
        """Write what was found in one frame.

        Raises:
            DataError: if the disk is full, or OpenCV cannot write such a video.
        """
        try:
            with (self.out / LINES_FILE).open("a", encoding="utf-8") as lines:
                lines.write(json.dumps(self._line(frame, found)) + "\n")
            if self.draws:
                self._draw(frame, found)
            if self.yolo:
                self._label(frame, found)
        except OSError as exc:
            msg = f"cannot write to {self.out}: {exc.strerror}; free some space"
            raise DataError(msg) from exc

    def _line(self, frame: Frame, found: Detections) -> dict[str, object]:
        """Names and boxes as in the MQTT message: x1, y1, x2, y2 as parts of width and height."""
        height, width = frame.image_hwc.shape[:2]
        scale = np.array([width, height, width, height], dtype=np.float64)
        objects = [
            {
                "class_id": int(class_id),
                "label": self.class_names[class_id],
                "score": round(float(score), 5),
                "box": (box / scale).round(6).tolist(),
            }
            for box, score, class_id in zip(
                found.boxes_xyxy, found.scores, found.class_ids, strict=True
            )
        ]
        return {
            "source": frame.name.as_posix(),
            "frame": frame.number,
            "width": width,
            "height": height,
            "objects": objects,
        }

    def _draw(self, frame: Frame, found: Detections) -> None:
        thickness = max(round(max(frame.image_hwc.shape[:2]) * _THICKNESS_SHARE), 1)
        marks = [
            Mark(
                box, class_colour(class_id), f"{self.class_names[class_id]} {score:.2f}", thickness
            )
            for box, score, class_id in zip(
                found.boxes_xyxy, found.scores, found.class_ids.tolist(), strict=True
            )
        ]
        drawn = draw_marks(frame.image_hwc, marks[::-1])  # the best score on top
        if self.source.video is None:
            # two pictures may differ by their suffix only
            path = self.out / PICTURES_FOLDER / frame.name.with_name(f"{frame.name.name}.jpg")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(encode_jpeg(drawn, _QUALITY))
            return
        if self._video is None:
            self._video = self._open_video(drawn.shape[1], drawn.shape[0])
        self._video.write(cv2.cvtColor(drawn, cv2.COLOR_RGB2BGR))

    def _open_video(self, width: int, height: int) -> cv2.VideoWriter:
        path = self.out / f"{self.source.video.stem if self.source.video else 'video'}.mp4"
        code = cv2.VideoWriter.fourcc(*"mp4v")
        video = cv2.VideoWriter(str(path), code, self.source.fps, (width, height))
        if not video.isOpened():
            msg = f"OpenCV cannot write {path} here; use --no-draw, the JSON lines hold all boxes"
            raise DataError(msg)
        return video

    def _label(self, frame: Frame, found: Detections) -> None:
        """`class cx cy w h` as shares, a line for each object."""
        height, width = frame.image_hwc.shape[:2]
        scale = np.array([width, height, width, height], dtype=np.float64)
        boxes = xyxy_to_cxcywh(found.boxes_xyxy / scale)
        rows = [
            f"{class_id} " + " ".join(f"{value:.6f}" for value in box)
            for class_id, box in zip(found.class_ids.tolist(), boxes.tolist(), strict=True)
        ]
        name = frame.name.with_suffix(".txt")
        if self.source.video is not None:
            name = Path(f"{frame.name.stem}_{frame.number:06d}.txt")
        path = self.out / LABELS_FOLDER / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")
