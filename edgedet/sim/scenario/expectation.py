"""What a scenario may expect: of messages, sources, log, HTTP, process, peer and label service."""

import re
from typing import Annotated, Any

from pydantic import AfterValidator, Field, model_validator

from edgedet.config.section import Section, Slug
from edgedet.sim.peer_facts import FACTS
from edgedet.sim.scenario.matcher import problem_of


def _sound(expected: Any) -> Any:  # noqa: ANN401 - a plain value, as YAML gives it
    problem = problem_of(expected)
    if problem:
        raise ValueError(problem)
    return expected


def _regular(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as exc:
        msg = f"not a regular expression: {exc}"
        raise ValueError(msg) from exc
    return pattern


def _one_topic(topic: str) -> str:
    if "+" in topic or "#" in topic:
        msg = "expected a topic to publish to, without the wildcards + and #"
        raise ValueError(msg)
    return topic


Expected = Annotated[Any, AfterValidator(_sound)]
Where = dict[str, Expected]
Regex = Annotated[str, Field(min_length=1, max_length=1000), AfterValidator(_regular)]
TopicFilter = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^/?[^/].*$")]
"""What follows the device's prefix; behind a `/`, a topic that does not begin with it."""
Topic = Annotated[TopicFilter, AfterValidator(_one_topic)]
"""The same without wildcards."""


class MessageExpectation(Section):
    """Messages of the device, or an answer at another topic; `+` and `#` are wildcards."""

    topic: TopicFilter
    where: Where = Field(default_factory=dict)
    """Paths into the payload; `@qos`, `@retain`, `@size`, `@will`, `@topic` and
    `@properties.<name of MQTT 5>` are about the message around it."""
    count: int = Field(default=1, ge=1, le=1_000_000)
    """So many of them at least."""
    since: str = Field(default="", max_length=64)
    """`start`: all that were heard; a `mark` of the timeline; default: since the last deed."""


class HttpExpectation(Section):
    """An answer of the runtime's own web server."""

    path: str = Field(pattern=r"^/[!-~]*$", max_length=2000)
    status: Expected = 200
    where: Where = Field(default_factory=dict)
    text: Regex | None = None


class ProcessExpectation(Section):
    """The runtime's process, as /proc shows it."""

    alive: bool | None = None
    exit_code: Expected = None
    rss_mb: Expected = None
    threads: Expected = None
    fds: Expected = None


class LabelsExpectation(Section):
    """The label service: numbers of images, of annotated ones, and of requests by kind."""

    images: Expected = None
    annotated: Expected = None
    uploads: Expected = None
    annotates: Expected = None


class Expectation(Section):
    """Exactly one thing that must be so."""

    message: MessageExpectation | None = None
    log: Regex | None = None
    """Found in what the runtime wrote since the last deed."""
    http: HttpExpectation | None = None
    process: ProcessExpectation | None = None
    peer: Where | None = None
    """Facts of the scripted peer."""
    labels: LabelsExpectation | None = None
    sources: dict[Slug, Expected] | None = Field(default=None, min_length=1)
    """The state of each, as the broker retains it now; `-`: it is taken back, or was never told."""

    @model_validator(mode="after")
    def _is_one(self) -> "Expectation":
        given = [name for name in type(self).model_fields if getattr(self, name) is not None]
        if len(given) != 1:
            known = ", ".join(type(self).model_fields)
            msg = f"expected exactly one of {known}; got {', '.join(given) or 'none'}"
            raise ValueError(msg)
        unknown = sorted(set(self.peer or ()) - set(FACTS))
        if unknown:
            msg = f"the peer knows {', '.join(FACTS)}; not {', '.join(unknown)}"
            raise ValueError(msg)
        return self

    @property
    def kind(self) -> str:
        """Which of them it is."""
        return next(name for name in type(self).model_fields if getattr(self, name) is not None)
