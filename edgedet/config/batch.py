"""Settings `batch`: how frames of several sources share one run of the model."""

from pydantic import Field

from edgedet.config.section import Section


class BatchSettings(Section):
    """Size and patience of the batcher."""

    max_size: int = Field(default=8, ge=1, le=64)
    max_wait_ms: float = Field(default=10.0, ge=0, le=1000)
    """With the detector idle and the batch not full, wait at most so long for more frames."""
    latency_budget_ms: float | None = Field(default=1000.0, ge=10, le=600_000)
    """No result is published when its frame left the decoder longer ago; null: however old."""
