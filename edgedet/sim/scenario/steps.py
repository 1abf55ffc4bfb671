"""The steps of a timeline: deeds, pauses and checks. A step is named by one of its keys."""

from typing import Any, Literal

from pydantic import Field, model_validator

from edgedet.config.section import Section, Slug
from edgedet.sim.camera_command import CameraCommand
from edgedet.sim.label_faults import FaultKind, RequestKind
from edgedet.sim.peer_command import PeerCommand
from edgedet.sim.scenario.expectation import Expectation, Expected, TopicFilter


class Step(Section):
    """What all steps have: a word for whoever reads the report, and a mark for `since`."""

    note: str = Field(default="", max_length=200)
    mark: str = Field(default="", max_length=64, pattern=r"^([a-z0-9][a-z0-9_-]*)?$")


class CameraOrder(CameraCommand):
    """A command to one camera; `all`: to each of them."""

    id: Slug


class CameraStep(Step):
    """Tell a camera to misbehave, or to stop it."""

    camera: CameraOrder


class PeerStep(Step):
    """Tell the scripted peer."""

    peer: PeerCommand


class BrokerStep(Step):
    """Start and end mosquitto, or hold it; `kill` as a power cut would."""

    broker: Literal["start", "stop", "kill", "restart", "hold", "resume"]


class DiskStep(Step):
    """Fill the small disk to the last byte, or give the room back."""

    disk: Literal["fill", "free"]


class RuntimeStep(Step):
    """Start and end the runtime, or hold it; `stop` is SIGTERM, `kill` SIGKILL."""

    runtime: Literal["start", "stop", "kill", "hold", "resume"]


class LabelsOrder(Section):
    """A deed of the label service; `fault` takes the kind of fault and how often it happens."""

    do: Literal["fault", "forgive", "off", "on"]
    kind: FaultKind | None = None
    on: RequestKind = "any"
    times: int | None = Field(default=1, ge=1)
    """None: until `forgive`."""
    status: int = Field(default=503, ge=500, le=599)
    retry_after_s: float | None = Field(default=None, ge=0)
    delay_s: float = Field(default=30, ge=0, le=600)

    @model_validator(mode="after")
    def _kind_for_faults(self) -> "LabelsOrder":
        if (self.do == "fault") != (self.kind is not None):
            msg = "`do: fault` takes a kind, and nothing else does"
            raise ValueError(msg)
        return self


class LabelsStep(Step):
    """Tell the label service."""

    labels: LabelsOrder


class Publication(Section):
    """A message to the device; `topic` is what follows its prefix."""

    topic: TopicFilter
    payload: Any = None
    retain: bool = False


class PublishStep(Step):
    """Send the device a message."""

    publish: Publication


class PauseStep(Step):
    """Do nothing for a while."""

    pause_s: float = Field(gt=0, le=3600)


class ExpectStep(Step):
    """Wait until something is so; the scenario fails if it does not become so in time."""

    expect: Expectation
    within_s: float = Field(default=20, gt=0, le=3600)


class NeverStep(Step):
    """Watch for a while that something does not happen."""

    never: Expectation
    for_s: float = Field(default=2, gt=0, le=3600)


class Rate(Section):
    """Messages a second below a topic, over a while; may be compared with one that was saved."""

    topic: TopicFilter
    over_s: float = Field(default=5, gt=0, le=3600)
    per_s: Expected = None
    save_as: str = Field(default="", max_length=64)
    of: str = Field(default="", max_length=64)
    ratio: Expected = None

    @model_validator(mode="after")
    def _ratio_of_something(self) -> "Rate":
        if bool(self.of) != (self.ratio is not None):
            msg = "`of` names a rate that was saved, and `ratio` what part of it is expected"
            raise ValueError(msg)
        if not (self.of or self.save_as or self.per_s is not None):
            msg = "expected per_s, save_as, or of with ratio"
            raise ValueError(msg)
        return self


class RateStep(Step):
    """Measure how many messages come."""

    rate: Rate


AnyStep = (
    CameraStep
    | PeerStep
    | BrokerStep
    | DiskStep
    | RuntimeStep
    | LabelsStep
    | PublishStep
    | PauseStep
    | ExpectStep
    | NeverStep
    | RateStep
)
STEPS: dict[str, type[AnyStep]] = {
    "camera": CameraStep,
    "peer": PeerStep,
    "broker": BrokerStep,
    "disk": DiskStep,
    "runtime": RuntimeStep,
    "labels": LabelsStep,
    "publish": PublishStep,
    "pause_s": PauseStep,
    "expect": ExpectStep,
    "never": NeverStep,
    "rate": RateStep,
}
DEEDS = (CameraStep, PeerStep, BrokerStep, DiskStep, RuntimeStep, LabelsStep, PublishStep)
"""What changes the world; checks look at what came after the last of them."""
