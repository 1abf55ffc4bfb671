"""Arithmetic on pictures and boxes that device and workstation share; numpy and OpenCV only."""

from edgedet.vision.boxes import area_xyxy, clip_xyxy, cxcywh_to_xyxy, iou_matrix, xyxy_to_cxcywh
from edgedet.vision.candidates import CandidateDifference, Tolerance, compare_candidates
from edgedet.vision.letterbox import PAD_VALUE, Letterbox, letterbox
from edgedet.vision.nms import nms
from edgedet.vision.pixels import paint_letterboxed
from edgedet.vision.postprocess import select_detections

__all__ = [
    "PAD_VALUE",
    "CandidateDifference",
    "Letterbox",
    "Tolerance",
    "area_xyxy",
    "clip_xyxy",
    "compare_candidates",
    "cxcywh_to_xyxy",
    "iou_matrix",
    "letterbox",
    "nms",
    "paint_letterboxed",
    "select_detections",
    "xyxy_to_cxcywh",
]
