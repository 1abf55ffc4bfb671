"""Pictures from a file, a folder or a video, one after the other; all of them have an end."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edgedet.errors import DataError, UsageError
from train.data.dataset import IMAGE_SUFFIXES, load_picture


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """A picture, RGB (H, W, 3); `name` is its path in the source, `number` its place in a video."""

    name: Path
    number: int
    image_hwc: NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class FrameFiles:
    """What a source holds: pictures, or one video. `total` is None where a video does not say."""

    root: Path
    pictures: tuple[Path, ...]
    video: Path | None
    total: int | None
    fps: float = 25.0

    def read(self, on_corrupt: Callable[[DataError], None]) -> Iterator[Frame]:
        """All pictures, or all frames of the video.

        A picture that cannot be decoded is told to `on_corrupt` and left out.

        Raises:
            DataError: if the video has no frame.
        """
        for path in self.pictures:
            try:
                image = load_picture(path)
            except DataError as exc:
                on_corrupt(exc)
                continue
            yield Frame(path.relative_to(self.root), 0, image)
        if self.video is not None:
            yield from _frames(self.video)


def open_source(source: str) -> FrameFiles:
    """What `source` holds: a picture, a folder of pictures (and folders), or a video.

    Raises:
        DataError: if there is nothing to read in it.
        UsageError: if it has no end, or is not there.
    """
    if "://" in source or source.isdigit():
        msg = (
            f"--source {source}: expected a picture, a folder or a video file; "
            "cameras are watched by `edgedet run`"
        )
        raise UsageError(msg)
    path = Path(source)
    if path.is_dir():
        found = (each for each in path.rglob("*") if each.suffix.lower() in IMAGE_SUFFIXES)
        pictures = tuple(sorted(each for each in found if each.is_file()))
        if not pictures:
            msg = f"no pictures in {path}; expected files of {', '.join(sorted(IMAGE_SUFFIXES))}"
            raise DataError(msg)
        return FrameFiles(path, pictures, None, len(pictures))
    if not path.is_file():
        msg = f"--source {source}: there is no such file or folder"
        raise UsageError(msg)
    if path.suffix.lower() in IMAGE_SUFFIXES:
        return FrameFiles(path.parent, (path,), None, 1)
    return _open_video(path)


def _open_video(path: Path) -> FrameFiles:
    capture = cv2.VideoCapture(str(path))
    try:
        if not capture.isOpened():
            kinds = ", ".join(sorted(IMAGE_SUFFIXES))
            msg = f"cannot read {path}: it is no video that OpenCV knows, nor a picture ({kinds})"
            raise DataError(msg)
        count, fps = capture.get(cv2.CAP_PROP_FRAME_COUNT), capture.get(cv2.CAP_PROP_FPS)
    finally:
        capture.release()
    total = int(count) if 0 < count < 1e9 else None
    usual = FrameFiles(path.parent, (), path, total)
    return FrameFiles(path.parent, (), path, total, fps) if 0 < fps < 1000 else usual


def _frames(path: Path) -> Iterator[Frame]:
    capture = cv2.VideoCapture(str(path))
    number = 0
    try:
        while True:
            has_frame, image_bgr = capture.read()
            if not has_frame:
                break
            image = np.asarray(cv2.cvtColor(image_bgr, cv2.COLOR_BGR2RGB), dtype=np.uint8)
            yield Frame(Path(path.name), number, image)
            number += 1
    finally:
        capture.release()
    if number == 0:
        msg = f"cannot read {path}: there is no frame in it"
        raise DataError(msg)
