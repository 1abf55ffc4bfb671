"""The payload `edgedet.detections/1`: pure, and fast, for it is made once a frame.

Nothing is validated here; tests hold every kind of message against the published schemas.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from edgedet.clock import utc_text
from edgedet.detections import FrameDetections
from edgedet.frame import FrameInfo
from edgedet.model_identity import ModelIdentity
from edgedet.publish.broker import Message
from edgedet.publish.clock_sync import ClockState
from edgedet.publish.identity import Origin

DETECTIONS = "edgedet.detections/1"
MAX_OBJECTS = 300

_BOX_DECIMALS = 5  # 0.02 px of 1920
_SCORE_DECIMALS = 4
_SHORT_DIGEST = 12

_encode = json.JSONEncoder(
    separators=(",", ":"), ensure_ascii=False, check_circular=False, allow_nan=False
).encode

JsonObject = dict[str, object]


@dataclass(frozen=True, slots=True)
class Moment:
    """When a message leaves. `latency_ms` runs from the arrival of the frame."""

    utc: datetime
    latency_ms: float
    clock: ClockState


@dataclass(frozen=True, slots=True)
class Encoded:
    """A finished payload; `truncated` counts the objects that did not fit."""

    id: str
    payload: bytes
    truncated: int


def encode_json(message: JsonObject) -> bytes:
    """`message` as compact UTF-8."""
    return _encode(message).encode()


def json_message(  # noqa: PLR0913 - the fields of a message
    topic: str,
    schema: str,
    body: JsonObject,
    *,
    qos: int = 1,
    retain: bool = True,
    expiry_s: int | None = None,
) -> Message:
    """`body`, whose `id` becomes that of the message, ready to be sent."""
    return Message(topic, encode_json(body), schema, str(body["id"]), qos, retain, expiry_s)


class DetectionsEncoder:
    """Turns results into payloads for one device. Holds no state; any thread."""

    def __init__(self, origin: Origin, max_payload_bytes: int) -> None:
        """Make payloads of at most `max_payload_bytes`, and never more than 300 objects."""
        self._origin = origin
        self._max_payload_bytes = max_payload_bytes

    def encode(  # noqa: PLR0913 - what is known only when the message leaves
        self,
        result: FrameDetections,
        *,
        seq: int,
        moment: Moment,
        skipped: int,
        lost_before: int = 0,
        max_payload_bytes: int | None = None,
    ) -> Encoded:
        """The payload of one frame; the best objects stay when not all fit."""
        limit_bytes = min(self._max_payload_bytes, max_payload_bytes or self._max_payload_bytes)
        found = len(result.detections)
        kept = min(found, MAX_OBJECTS)
        model = result.model or self._origin.model
        objects = _objects(result, kept, model.class_names)
        message = self._head(result.frame, seq, moment, skipped) | {"model": _told(model)}
        if lost_before:
            message["lost_before"] = lost_before
        while True:
            message["objects"] = objects
            if kept < found:
                message["truncated"] = found - kept
            payload = encode_json(message)
            if len(payload) <= limit_bytes or kept == 0:
                return Encoded(str(message["id"]), payload, found - kept)
            # in proportion, and at least one less: a few rounds even for 300 objects
            kept = min(kept - 1, kept * limit_bytes // len(payload))
            objects = objects[:kept]

    def _head(self, frame: FrameInfo, seq: int, moment: Moment, skipped: int) -> JsonObject:
        capture = frame.capture
        return {
            "schema": DETECTIONS,
            "id": self._origin.frame_id(frame),
            "device": self._origin.device,
            "boot": self._origin.boot,
            "source": frame.source_id,
            "seq": seq,
            "time": {
                "capture": utc_text(capture.utc),
                "capture_source": capture.source.value,
                "capture_error_ms": capture.error_ms,
                "published": utc_text(moment.utc),
                "latency_ms": round(max(0.0, moment.latency_ms), 1),
                "clock": moment.clock,
            },
            "frame": {
                "seq": frame.seq,
                "width": frame.width,
                "height": frame.height,
                "pts_ns": frame.pts_ns,
                "skipped": skipped,
            },
        }


def _told(model: ModelIdentity) -> JsonObject:
    return {
        "name": model.name,
        "version": model.version,
        "sha256": model.sha256[:_SHORT_DIGEST],
        "precision": model.precision,
    }


def _objects(result: FrameDetections, kept: int, labels: Sequence[str]) -> list[JsonObject]:
    """The best `kept` objects; `labels` by class id."""
    found, frame = result.detections, result.frame
    scale = np.array((frame.width, frame.height, frame.width, frame.height), np.float64)
    boxes = (
        np.minimum(np.maximum(found.boxes_xyxy[:kept] / scale, 0.0), 1.0)
        .round(_BOX_DECIMALS)
        .tolist()
    )
    # through float64: rounded float32 would print as 0.8740000128746033
    scores = found.scores[:kept].astype(np.float64).round(_SCORE_DECIMALS).tolist()
    objects: list[JsonObject] = [
        {"class_id": class_id, "label": labels[class_id], "score": score, "box": box}
        for class_id, score, box in zip(found.class_ids[:kept].tolist(), scores, boxes, strict=True)
    ]
    # nothing where objects are not followed; null where one has no track yet
    for each, track, zones in zip(objects, result.tracks, result.zones, strict=False):
        each["track"], each["zones"] = track, list(zones)
    return objects
