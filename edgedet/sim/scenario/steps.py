"""The steps of a timeline: deeds, pauses, checks, rounds. A step is named by one of its keys."""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from edgedet.config.section import Section, Slug
from edgedet.sim.camera_command import CameraCommand
from edgedet.sim.label_faults import FaultKind, RequestKind
from edgedet.sim.peer_command import PeerCommand
from edgedet.sim.scenario.expectation import Expectation, Expected, Topic, TopicFilter

MAX_STEPS = 500


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
    """Start and end the runtime, or hold it; `stop` is SIGTERM, `kill` SIGKILL.

    `reload` is SIGHUP, and done when the runtime has told what came of it.
    """

    runtime: Literal["start", "stop", "kill", "hold", "resume", "reload"]


class ConfigStep(Step):
    """Change the runtime's configuration file; nobody reads it yet.

    `config` is laid over what the file says, or is its whole text; `without` names what is taken
    out, sources by their id.
    """

    config: Any
    without: list[Annotated[str, Field(pattern=r"^[a-z0-9_-]+(\.[a-z0-9_-]+)*$")]] = Field(
        default_factory=list, max_length=50
    )

    @model_validator(mode="after")
    def _changes_something(self) -> "ConfigStep":
        if isinstance(self.config, str):
            if self.without:
                msg = "`without` takes something out of settings, and here the whole text is given"
                raise ValueError(msg)
            return self
        if not isinstance(self.config, dict):
            msg = "expected settings to lay over the configuration, or the text of the whole file"
            raise ValueError(msg)  # noqa: TRY004 - pydantic wants a ValueError
        if not (self.config or self.without):
            msg = "changes nothing; expected settings in `config`, or keys in `without`"
            raise ValueError(msg)
        mqtt = self.config.get("mqtt")
        if "device" in self.config or (isinstance(mqtt, dict) and "topic_root" in mqtt):
            msg = "the topics of a scenario stay: set device and mqtt.topic_root in its head"
            raise ValueError(msg)
        return self


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
    """A message to the device, or to somebody else.

    `response_topic` and `correlation` are for those who answer; MQTT 5 has them.
    """

    topic: Topic
    payload: Any = None
    retain: bool = False
    qos: Literal[0, 1, 2] = 1
    response_topic: Topic | None = None
    correlation: str = Field(default="", max_length=200)


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


class Repeat(Section):
    """Steps that are played again and again; `${round}` in their texts is the round's number."""

    times: int = Field(ge=1, le=10_000)
    every_s: float = Field(default=0, ge=0, le=3600)
    """So long at least from the begin of a round to that of the next."""
    steps: list[Any] = Field(min_length=1, max_length=MAX_STEPS)
    """As they were written, for the number is filled in anew for each round."""


class RepeatStep(Step):
    """Play a block of steps several times."""

    repeat: Repeat


AnyStep = (
    CameraStep
    | PeerStep
    | BrokerStep
    | DiskStep
    | RuntimeStep
    | ConfigStep
    | LabelsStep
    | PublishStep
    | PauseStep
    | ExpectStep
    | NeverStep
    | RateStep
    | RepeatStep
)
STEPS: dict[str, type[AnyStep]] = {
    "camera": CameraStep,
    "peer": PeerStep,
    "broker": BrokerStep,
    "disk": DiskStep,
    "runtime": RuntimeStep,
    "config": ConfigStep,
    "labels": LabelsStep,
    "publish": PublishStep,
    "pause_s": PauseStep,
    "expect": ExpectStep,
    "never": NeverStep,
    "rate": RateStep,
    "repeat": RepeatStep,
}
DEEDS = (
    CameraStep,
    PeerStep,
    BrokerStep,
    DiskStep,
    RuntimeStep,
    ConfigStep,
    LabelsStep,
    PublishStep,
)
"""What changes the world; checks look at what came after the last of them."""
