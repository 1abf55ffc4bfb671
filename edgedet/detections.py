"""What the detector found in one frame."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from edgedet.frame import Frame, FrameInfo
from edgedet.model_identity import ModelIdentity


@dataclass(frozen=True, slots=True, eq=False)
class Detections:
    """Objects in one frame, best score first.

    `boxes_xyxy` float32 (N, 4) in pixels of the source frame; `scores` float32 (N,) in [0, 1];
    `class_ids` int32 (N,).
    """

    boxes_xyxy: NDArray[np.float32]
    scores: NDArray[np.float32]
    class_ids: NDArray[np.int32]

    def __post_init__(self) -> None:
        """Check shapes once."""
        count = len(self.scores)
        shapes = (self.boxes_xyxy.shape, self.scores.shape, self.class_ids.shape)
        if shapes != ((count, 4), (count,), (count,)):
            msg = f"expected shapes (N, 4), (N,), (N,), got {shapes}"
            raise ValueError(msg)

    def __len__(self) -> int:
        """Number of objects."""
        return len(self.scores)


@dataclass(frozen=True, slots=True, eq=False)
class FrameDetections:
    """The answer for one frame, ready to be published.

    `skipped` counts the frames of this source that were decoded but not detected since the answer
    before. The stage times are monotonic seconds: taken into a batch, given to and returned by the
    backend. `tracks` and `zones` have an entry for each object, or none at all where objects are
    not followed: the id of its track if it has one, and the zones that it is in. `model` says who
    answered; None: the one that the device began with.
    """

    frame: FrameInfo
    detections: Detections
    skipped: int = 0
    batched_s: float = 0.0
    infer_start_s: float = 0.0
    infer_end_s: float = 0.0
    tracks: tuple[str | None, ...] = ()
    zones: tuple[tuple[str, ...], ...] = ()
    model: ModelIdentity | None = None

    def __post_init__(self) -> None:
        """Check that the objects and what is known of them go together."""
        lengths = {len(self.detections), len(self.tracks), len(self.zones)}
        if (self.tracks or self.zones) and len(lengths) > 1:
            msg = (
                f"{len(self.detections)} objects with {len(self.tracks)} tracks and"
                f" {len(self.zones)} zones"
            )
            raise ValueError(msg)


@dataclass(frozen=True, slots=True, eq=False)
class SeenFrame:
    """A whole frame with what was found in it. Its pixels are a copy: nobody needs to close it.

    `candidates` float32 (K, 7): all that the model considered, as its graph gives them, but with
    boxes in pixels of the frame.
    """

    frame: Frame
    result: FrameDetections
    candidates: NDArray[np.float32] = field(
        default_factory=lambda: np.empty((0, 7), dtype=np.float32)
    )
