"""What a quantized model's `report.json` says, and `train quantize --json`."""

from collections.abc import Sequence

from edgedet.manifest import Bundle
from train.evaluate import EvaluationReport
from train.quantize.gate import worst
from train.quantize.scale_table import ScaleTable
from train.quantize.scoring import Comparison, images_per_s


def report_json(
    comparisons: Sequence[Comparison], table: ScaleTable, budget_points: float
) -> dict[str, object]:
    """Both models on every backend, what stayed in float and why, and how scales were found.

    The names of `train evaluate` at the top are those of the INT8 model on the backend where it
    loses most.
    """
    one = worst(comparisons)
    return one.int8.to_json() | {
        "drop_points": round(one.drop_points, 4),
        "budget_points": budget_points,
        "fp32": _scores(one.fp32),
        "int8": _scores(one.int8),
        "backends": {
            each.backend: {
                "fp32": _speed(each.fp32),
                "int8": _speed(each.int8),
                "drop_points": round(each.drop_points, 4),
            }
            for each in comparisons
        },
        "quantized": len(table.inputs),
        "left_in_float": dict(table.left_in_float),
        "calibration": {"method": table.method, **table.facts, "sha256": table.digest},
    }


def sizes_json(fp32: Bundle, int8: Bundle) -> dict[str, object]:
    """Bytes of both graphs."""
    return {
        "model_bytes": {
            "fp32": fp32.model_path.stat().st_size,
            "int8": int8.model_path.stat().st_size,
        }
    }


def _scores(report: EvaluationReport) -> dict[str, object]:
    classes = [
        {"name": one.name, "labels": one.labels, "ap50": one.ap50, "ap": one.ap}
        for one in report.per_class
    ]
    return {"ap50": report.ap50, "ap": report.ap, "per_class": classes}


def _speed(report: EvaluationReport) -> dict[str, float]:
    return {
        "ap50": report.ap50,
        "ap": report.ap,
        "images_per_s": round(images_per_s(report), 2),
    }
