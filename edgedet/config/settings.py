"""All settings together; only the composition root sees this, everyone else its own section."""

from collections import Counter

from pydantic import Field, field_validator

from edgedet.config.batch import BatchSettings
from edgedet.config.cache import SERVICE_STATE_DIR
from edgedet.config.device import DeviceSettings
from edgedet.config.health import HealthSettings
from edgedet.config.http import HttpSettings
from edgedet.config.model import ModelSettings
from edgedet.config.mqtt import MqttSettings
from edgedet.config.rollout import RolloutSettings
from edgedet.config.sampling import SamplingSettings
from edgedet.config.section import ConfigPath, Section
from edgedet.config.source import SourceSettings


class Settings(Section):
    """The configuration file of `edgedet run`."""

    device: DeviceSettings = Field(default_factory=DeviceSettings)
    model: ModelSettings
    sources: list[SourceSettings] = Field(min_length=1, max_length=256)
    batch: BatchSettings = BatchSettings()
    mqtt: MqttSettings = MqttSettings()
    health: HealthSettings = HealthSettings()
    http: HttpSettings = HttpSettings()
    sampling: SamplingSettings = SamplingSettings()
    rollout: RolloutSettings = RolloutSettings()
    state_dir: ConfigPath = SERVICE_STATE_DIR
    jsonl: ConfigPath | None = None
    """Also append every detections message to this file, one a line."""

    @field_validator("sources")
    @classmethod
    def _ids_are_unique(cls, sources: list[SourceSettings]) -> list[SourceSettings]:
        counts = Counter(source.id for source in sources)
        doubled = sorted(source_id for source_id, count in counts.items() if count > 1)
        if doubled:
            msg = f"source ids must be unique, given more than once: {', '.join(doubled)}"
            raise ValueError(msg)
        return sources
