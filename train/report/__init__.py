"""The pages that a run and an evaluation leave behind, each one self-contained file."""

from train.report.evaluation import write_evaluation
from train.report.run import RunSummary, write_report

__all__ = ["RunSummary", "write_evaluation", "write_report"]
