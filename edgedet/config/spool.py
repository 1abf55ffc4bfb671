"""Settings `mqtt.spool`: what is kept on disk until the broker has it."""

from typing import Literal

from pydantic import Field, model_validator

from edgedet.config.section import Section

_MIB = 1024 * 1024
_DAY_S = 86_400.0


class SpoolSettings(Section):
    """Messages that an outage of the broker, or of this process, must not lose."""

    kinds: tuple[Literal["events", "metrics", "detections"], ...] = ("events",)
    """What is kept; none, or `spool: off`: nothing."""
    max_bytes: int = Field(default=64 * _MIB, ge=100_000, le=1024 * 1024 * _MIB)
    """How much room messages take on disk; beyond, the oldest detections go, then metrics,
    then events."""
    max_age_s: float = Field(default=7 * _DAY_S, gt=0, le=3650 * _DAY_S)
    fsync_s: float | None = Field(default=1.0, ge=0, le=3600)
    """A power cut loses at most the messages of so many seconds. 0: none; null: as the system
    likes, some 30 s. The end of the process loses none in either case."""
    replay_per_s: float = Field(default=100.0, gt=0, le=10_000)
    """How fast late messages are sent, so that new ones lead."""

    @model_validator(mode="before")
    @classmethod
    def _bare_off(cls, value: object) -> object:
        """`spool: off` as short for no kinds; YAML reads a bare off as false."""
        return {"kinds": ()} if value is False or value == "off" else value
