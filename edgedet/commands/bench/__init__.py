"""`edgedet bench`: what this device can do with a model, and what keeps it from doing more."""

from edgedet.commands.bench.command import bench
from edgedet.commands.bench.figures import Question
from edgedet.commands.bench.plan import PATTERN, BenchRequest

__all__ = ["PATTERN", "BenchRequest", "Question", "bench"]
