"""A scenario: who takes part, how the runtime is configured, what happens, what must be."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from edgedet.config.document import KeyPath, Problem
from edgedet.config.section import Section, Slug
from edgedet.sim.peer_command import PeerCommand
from edgedet.sim.scenario.camera_settings import CameraSettings
from edgedet.sim.scenario.placeholders import placeholders_in
from edgedet.sim.scenario.steps import (
    MAX_STEPS,
    AnyStep,
    BrokerStep,
    CameraStep,
    ConfigStep,
    DiskStep,
    LabelsStep,
    PeerStep,
    PublishStep,
    RateStep,
    RepeatStep,
    Step,
)


class BrokerSettings(Section):
    """The broker of the runtime; in one word, its kind."""

    kind: Literal["mosquitto", "peer", "none"] = "mosquitto"
    is_started: bool = True
    """mosquitto: false leaves it to the timeline to start it."""
    persistence: bool = False
    """mosquitto: whether it keeps its memory over a restart."""
    options: list[str] = Field(default_factory=list, max_length=50)
    """mosquitto: more lines of its configuration."""
    at_start: list[PeerCommand] = Field(default_factory=list, max_length=20)

    @model_validator(mode="before")
    @classmethod
    def _in_one_word(cls, value: object) -> object:
        return {"kind": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _keys_of_its_kind(self) -> "BrokerSettings":
        mosquitto = {"is_started", "persistence", "options"} & self.model_fields_set
        if mosquitto and self.kind != "mosquitto":
            msg = f"for kind: mosquitto only: {', '.join(sorted(mosquitto))}"
            raise ValueError(msg)
        if self.at_start and self.kind != "peer":
            msg = "at_start is for kind: peer only"
            raise ValueError(msg)
        return self


class LabelSettings(Section):
    """The label service."""

    api_key: str = Field(default="sim-key", min_length=1, max_length=64)
    workspace: Slug = "sim"
    project: Slug = "frames"
    max_bytes: int = Field(default=20 * 1024 * 1024, ge=1)


class DiskSettings(Section):
    """A disk of its own for the runtime's `state_dir`; needs the right to mount one."""

    size_mb: int = Field(default=8, ge=1, le=4096)


class Always(Section):
    """What is checked at the end of every scenario, unless switched off here."""

    schema_: bool = Field(default=True, alias="schema")
    """Every message is valid."""
    accounted: bool = True
    """No more detections are missing than `lost_before` says, for each source and boot."""
    secrets: bool = True
    """No password, key or entry of `secrets` in any message or log line."""
    traceback: bool = True
    """No Python traceback in the log."""
    stops: bool = True
    """A runtime that still runs ends with 0 within twenty seconds of SIGTERM."""


def _plain_names(files: dict[str, str]) -> dict[str, str]:
    for name in files:
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", name):
            msg = f"'{name}' is no plain file name"
            raise ValueError(msg)
    return files


class Head(Section):
    """Everything but the steps, which are checked one by one."""

    name: Slug
    about: str = Field(min_length=1, max_length=4000)
    time_limit_s: float = Field(default=120, gt=0, le=7200)
    cameras: dict[Slug, CameraSettings] = Field(default_factory=dict, max_length=64)
    broker: BrokerSettings = BrokerSettings()
    labels: LabelSettings | None = None
    disk: DiskSettings | None = None
    files: Annotated[dict[str, str], AfterValidator(_plain_names)] = Field(default_factory=dict)
    """Files beside the configuration, by name."""
    secrets: list[str] = Field(default_factory=list, max_length=50)
    config: dict[str, Any] = Field(default_factory=dict)
    """Laid over the configuration that the scenario makes; sources by their id."""
    always: Always = Always()
    timeline: list[Any] = Field(min_length=1, max_length=MAX_STEPS)


@dataclass(frozen=True, slots=True)
class Scenario:
    """A scenario that can be played."""

    head: Head
    steps: tuple[AnyStep, ...]


def addresses_of(head: Head) -> set[str]:
    """The names of all that `${…}` may stand for in its configuration."""
    known = {"folder", "bundle.slow", *(f"camera.{name}.url" for name in head.cameras)}
    known |= {"broker.url"} if head.broker.kind != "none" else set()
    return known | ({"labels.url"} if head.labels is not None else set())


def problems_of_timeline(head: Head, steps: Iterable[tuple[KeyPath, AnyStep]]) -> list[Problem]:
    """Steps that name somebody who does not take part, or a thing that was never saved.

    `steps`: each with its place, in the order in which they are played.
    """
    problems = _unknown_addresses(head, ("config",), head.config)
    saved: set[str] = set()
    marks = {"start"}
    for path, step in steps:
        message = _absent(head, step) or _unsaved(step, saved) or _unmarked(step, marks)
        if message:
            problems.append(Problem(path, message))
        problems += _unfilled(head, path, step)
        if isinstance(step, RateStep) and step.rate.save_as:
            saved.add(step.rate.save_as)
        if step.mark:
            marks.add(step.mark)
    return problems


def _unfilled(head: Head, path: KeyPath, step: AnyStep) -> list[Problem]:
    """What stands for nothing; those inside of `repeat` are steps of their own."""
    if isinstance(step, RepeatStep):
        return []
    if isinstance(step, ConfigStep):
        return _unknown_addresses(head, path, step.config)
    names = dict.fromkeys(placeholders_in(step.model_dump()))
    more = "in a step, only ${round} does, inside of `repeat`"
    return [Problem(path, f"${{{name}}} means nothing here; {more}") for name in names]


def _unknown_addresses(head: Head, path: KeyPath, config: object) -> list[Problem]:
    known = addresses_of(head)
    told = ", ".join(f"${{{name}}}" for name in sorted(known))
    return [
        Problem(path, f"${{{name}}} means nothing here; known are {told}")
        for name in dict.fromkeys(placeholders_in(config))
        if name not in known
    ]


def _absent(head: Head, step: AnyStep) -> str:
    """Whom a step talks to that is not there."""
    if isinstance(step, CameraStep) and step.camera.id not in head.cameras:
        known = ", ".join(head.cameras) or "none"
        return f"there is no camera '{step.camera.id}'; cameras: {known}"
    kind = head.broker.kind
    is_there: dict[type[Step], tuple[bool, str]] = {
        PeerStep: (kind == "peer", "there is no scripted peer; expected `broker: peer`"),
        BrokerStep: (kind == "mosquitto", "there is no mosquitto; expected `broker: mosquitto`"),
        LabelsStep: (head.labels is not None, "there is no label service; expected `labels`"),
        DiskStep: (head.disk is not None, "there is no small disk; expected `disk`"),
        PublishStep: (kind != "none", "there is no broker to publish to"),
    }
    holds, message = is_there.get(type(step), (True, ""))
    return _absent_for_check(head, step) if holds else message


def _absent_for_check(head: Head, step: AnyStep) -> str:
    check = getattr(step, "expect", None) or getattr(step, "never", None)
    if check is None:
        return ""
    if check.message is not None and head.broker.kind == "none":
        return "there is no broker to hear messages from"
    if check.sources is not None and head.broker.kind == "none":
        return "there is no broker to hear of sources from"
    if check.peer is not None and head.broker.kind != "peer":
        return "there is no scripted peer; expected `broker: peer`"
    if check.labels is not None and head.labels is None:
        return "there is no label service; expected `labels`"
    return ""


def _unsaved(step: AnyStep, saved: set[str]) -> str:
    if isinstance(step, RateStep) and step.rate.of and step.rate.of not in saved:
        return f"no rate was saved as '{step.rate.of}' before"
    return ""


def _unmarked(step: AnyStep, marks: set[str]) -> str:
    check = getattr(step, "expect", None) or getattr(step, "never", None)
    since = check.message.since if check is not None and check.message is not None else ""
    return f"no step before has `mark: {since}`" if since and since not in marks else ""
