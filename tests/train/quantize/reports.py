"""Reports of evaluations that nobody ran."""

from train.evaluate import ClassScores, EvaluationReport, Speed
from train.quantize.scoring import Comparison


def report(ap: float, backend: str = "openvino", infer_ms: float = 20.0) -> EvaluationReport:
    """Of two classes, the second one much worse."""
    classes = tuple(
        ClassScores(name, labels, min(2 * each, 1.0), each, 0.9, 0.8)
        for name, labels, each in (("person", 50, ap + 0.1), ("dog", 5, ap - 0.1))
    )
    return EvaluationReport(
        ap50=min(2 * ap, 1.0),
        ap=ap,
        precision=0.9,
        recall=0.8,
        best_score=0.3,
        per_class=classes,
        images=40,
        labels=55,
        detections=90,
        score_threshold=0.001,
        iou_threshold=0.45,
        method="coco",
        backend=backend,
        input_hw=(64, 96),
        shape="fixed",
        max_detections=300,
        threads=2,
        machine="a machine",
        speed=Speed(1.0, infer_ms, 1.0),
    )


def comparison(fp32: float, int8: float, backend: str = "openvino") -> Comparison:
    """Of two APs; INT8 is twice as fast."""
    return Comparison(report(fp32, backend), report(int8, backend, infer_ms=10.0))
