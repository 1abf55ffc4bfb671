"""Settings `health`: when the service counts as stuck."""

from pydantic import Field

from edgedet.config.section import Section


class HealthSettings(Section):
    """How long a stage may be silent. Cameras are no stage: they are retried for ever."""

    stall_limit_s: float = Field(default=60.0, ge=5.0, le=3600.0)
    """Seconds without progress of a stage after which the service gives up and is started anew."""
