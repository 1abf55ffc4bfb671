"""The files of a kept frame as bytes: JPEG, YOLO labels, and what is known of it as JSON."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edgedet.errors import SampleError
from edgedet.sample.base import Sample, SampleObject
from edgedet.sample.view import Proposals

SCHEMA = "edgedet.sample/1"

_SHRUNK_QUALITY = 80
_REDUCED = {
    1: cv2.IMREAD_COLOR,
    2: cv2.IMREAD_REDUCED_COLOR_2,
    4: cv2.IMREAD_REDUCED_COLOR_4,
    8: cv2.IMREAD_REDUCED_COLOR_8,
}


def jpeg(image_rgb: NDArray[np.uint8], quality: int) -> bytes:
    """A picture (H, W, 3) as JPEG, at its own size.

    Raises:
        SampleError: if it cannot be encoded.
    """
    options = [cv2.IMWRITE_JPEG_QUALITY, quality]
    is_done, encoded = cv2.imencode(".jpg", cv2.cvtColor(image_rgb, cv2.COLOR_RGB2BGR), options)
    if not is_done:
        msg = f"a picture of {image_rgb.shape[1]} x {image_rgb.shape[0]} cannot be encoded as JPEG"
        raise SampleError(msg)
    return np.asarray(encoded).tobytes()


def shrunk(path: Path, width: int, to_width: int) -> bytes | None:
    """The file of a picture `width` pixels wide, about `to_width` wide; None if it is not there.

    As it is where it is no wider than that. Otherwise it is decoded at a part of its size, which
    is what takes the time, and encoded anew.
    """
    factor = max((each for each in _REDUCED if width >= each * to_width), default=1)
    try:
        content = path.read_bytes()
    except OSError:
        return None
    if width <= to_width or not content:
        return content or None
    image_bgr = cv2.imdecode(np.frombuffer(content, np.uint8), _REDUCED[factor])
    if image_bgr is None:
        return None
    height = round(image_bgr.shape[0] * to_width / image_bgr.shape[1])
    size = (to_width, max(height, 1))
    image_bgr = cv2.resize(image_bgr, size, interpolation=cv2.INTER_AREA)
    _, encoded = cv2.imencode(".jpg", image_bgr, [cv2.IMWRITE_JPEG_QUALITY, _SHRUNK_QUALITY])
    return np.asarray(encoded).tobytes()


def objects_of(
    seen: Proposals, class_names: tuple[str, ...], image_hw: tuple[int, int]
) -> tuple[SampleObject, ...]:
    """Proposals as pre-labels, boxes as shares of a picture of (height, width)."""
    height, width = image_hw
    scale = np.array([width, height, width, height], dtype=np.float64)
    boxes = np.clip(seen.boxes_xyxy / scale, 0.0, 1.0).round(6).tolist()
    return tuple(
        SampleObject(class_id, class_names[class_id], round(score, 4), (x1, y1, x2, y2))
        for class_id, score, (x1, y1, x2, y2) in zip(
            seen.class_ids.tolist(), seen.scores.tolist(), boxes, strict=True
        )
    )


def renumbered(
    objects: Iterable[SampleObject], class_names: Sequence[str]
) -> tuple[tuple[SampleObject, ...], tuple[str, ...]]:
    """The objects with the ids that their classes have among `class_names`, and these names.

    A frame may wait for days, and another model with other numbers take over meanwhile: what counts
    is the name. Names that are missing are added at the end.

    >>> seen = SampleObject(0, "car", 0.5, (0.1, 0.1, 0.2, 0.2))
    >>> (found,), names = renumbered([seen], ["person", "car"])
    >>> found.class_id, names
    (1, ('person', 'car'))
    """
    found = tuple(objects)
    names = tuple(dict.fromkeys((*class_names, *(each.class_name for each in found))))
    return tuple(replace(each, class_id=names.index(each.class_name)) for each in found), names


def label_text(objects: Iterable[SampleObject]) -> str:
    """YOLO label rows: class id, then centre and size as shares of the picture."""
    rows = []
    for each in objects:
        x1, y1, x2, y2 = each.box
        centre = (x1 + x2) / 2, (y1 + y2) / 2
        numbers = (*centre, x2 - x1, y2 - y1)
        rows.append(" ".join([str(each.class_id), *(f"{number:.6f}" for number in numbers)]))
    return "".join(f"{row}\n" for row in rows)


def facts_of_origin(sample: Sample) -> dict[str, object]:
    """Where a kept frame comes from, and why it was kept, as programs read it."""
    return {
        "source": sample.source_id,
        "seq": sample.seq,
        "captured": sample.captured,
        "kept": sample.kept,
        "strategy": sample.strategy,
        "why": sample.why,
        "tags": list(sample.tags),
        "width": sample.width,
        "height": sample.height,
    }


def facts_of_objects(sample: Sample) -> list[dict[str, object]]:
    """What the model saw in a kept frame, as programs read it."""
    return [
        {"class": each.class_name, "score": each.score, "box": list(each.box)}
        for each in sample.objects
    ]


def facts_text(sample: Sample, class_names: tuple[str, ...], labels: str) -> str:
    """What is known of a kept frame, for whoever labels it and for `train ingest device`.

    `prediction` is the text of its label file as the device wrote it, so that one can tell whether
    a person has looked at it.
    """
    facts = {
        "schema": SCHEMA,
        "id": sample.id,
        "sha256": sample.sha256,
        **facts_of_origin(sample),
        "class_names": list(class_names),
        "objects": facts_of_objects(sample),
        "prediction": labels,
    }
    return json.dumps(facts, ensure_ascii=False, indent=1) + "\n"
