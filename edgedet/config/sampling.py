"""Settings `sampling`: which frames are kept for labelling, how many, and where they go."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, field_validator, model_validator

from edgedet.config.addresses import split_address
from edgedet.config.section import ConfigPath, Section, Slug

StrategyType = Literal[
    "close_to_threshold",
    "random",
    "classes_based",
    "detections_number_based",
    "margin",
    "entropy",
    "flicker",
    "models_disagree",
    "drift",
]
_MANY = 1_000_000  # objects in a frame, or bits over them
_PIB = 1 << 30  # in MiB
_ROBOFLOW_URL = "https://api.roboflow.com"
_HOST_ONLY = r"^https?://[^\s/?#@]+$"
# Source: what Roboflow accepts (roboflow/inference, core/active_learning/entities.py)
_TAG = re.compile(r"[a-zA-Z0-9_:/.\[\]<>{}@-]{1,64}")


def _has_host(url: str) -> str:
    if not split_address(url).hostname:
        msg = "expected http(s)://host[:port]"
        raise ValueError(msg)
    return url


_Endpoint = Annotated[str, AfterValidator(_has_host)]


def _tag(tag: str) -> str:
    if not _TAG.fullmatch(tag):
        msg = f"a tag has 1 to 64 of a-z A-Z 0-9 - _ : / . [ ] < > {{ }} @, got '{tag}'"
        raise ValueError(msg)
    return tag


Share = Annotated[float, Field(ge=0, le=1)]


class LimitSettings(Section):
    """At most `value` frames in any minute, hour or 24 hours."""

    type: Literal["minutely", "hourly", "daily"]
    value: int = Field(ge=0, le=1_000_000)
    per: Literal["device", "source", "class"] = "device"
    """Who has a budget of that size: the device, each source, or each class."""


class StrategySettings(Section):
    """One reason to keep a frame; the first four types are Roboflow's, and mean the same."""

    name: str = Field(min_length=1, max_length=64)
    type: StrategyType
    probability: float = Field(default=1.0, ge=0, le=1)
    threshold: Share | None = None
    epsilon: Share | None = None
    selected_class_names: list[str] | None = None
    minimum_objects_close_to_threshold: int = Field(default=1, ge=1, le=_MANY)
    more_than: int | None = Field(default=None, ge=0, le=_MANY)
    less_than: int | None = Field(default=None, ge=0, le=_MANY)
    margin: float = Field(default=0.15, ge=0, le=1)
    """`margin`: best and second class of an object are nearer than this."""
    minimum_score: float = Field(default=0.1, ge=0, le=1)
    """`margin`, `entropy`, `models_disagree`: candidates below are noise."""
    minimum_entropy: float = Field(default=1.0, ge=0, le=_MANY)
    """`entropy`: bits, summed over the frame's candidates; one at score 0.5 has 1 bit."""
    minimum_disagreements: int = Field(default=1, ge=1, le=_MANY)
    """`models_disagree`: objects that one model sees and the other does not."""
    deviations: float = Field(default=4.0, gt=0, le=1000)
    """`drift`: how many standard deviations the last minutes are away from what is usual."""
    sources: list[Slug] | None = None
    """Only frames of these; default: of all."""
    limits: list[LimitSettings] = Field(default_factory=list)
    tags: list[str] = Field(default_factory=list)

    @field_validator("tags")
    @classmethod
    def _tags_are_accepted(cls, tags: list[str]) -> list[str]:
        return [_tag(tag) for tag in tags]

    @model_validator(mode="after")
    def _is_complete(self) -> "StrategySettings":
        if self.type == "close_to_threshold" and None in (self.threshold, self.epsilon):
            msg = "close_to_threshold needs threshold and epsilon"
            raise ValueError(msg)
        if self.type == "detections_number_based":
            if self.more_than is None and self.less_than is None:
                msg = "detections_number_based needs more_than, less_than or both"
                raise ValueError(msg)
            low, high = self.more_than, self.less_than
            if low is not None and high is not None and high - low < 2:
                msg = f"no number is more than {low} and less than {high}"
                raise ValueError(msg)
        return self


class DiversitySettings(Section):
    """A frame that looks like one of the last kept of its source, objects too, is not kept."""

    enabled: bool = True
    distance: int = Field(default=32, ge=0, le=256)
    """Bits of the perceptual hash, of 256, up to which two pictures are alike."""
    memory: int = Field(default=200, ge=1, le=10_000)
    """Kept frames of a source that a new one is compared with."""


class RegionSettings(Section):
    """A rectangle of one source, or of all, as shares of the picture's width and height."""

    source: Slug | None = None
    box: tuple[Share, Share, Share, Share]
    """x1, y1, x2, y2."""

    @field_validator("box")
    @classmethod
    def _has_an_area(cls, box: tuple[float, ...]) -> tuple[float, ...]:
        if box[0] >= box[2] or box[1] >= box[3]:
            msg = f"expected x1 < x2 and y1 < y2, got {list(box)}"
            raise ValueError(msg)
        return box


class BlurSettings(Section):
    """What is made unrecognisable before a frame is written to disk."""

    regions: list[RegionSettings] = Field(default_factory=list)
    classes: list[str] = Field(default_factory=list)
    """Objects of these classes of the model, such as `face` or `plate`."""
    score_threshold: float = Field(default=0.05, ge=0, le=1)
    """Far below that of detections: rather too much is blurred than too little."""
    margin: float = Field(default=0.1, ge=0, le=1)
    """So much more on each side, as a share of the box."""


class FolderSettings(Section):
    """`sink: folder`: pictures and label files, as `python -m train ingest device` reads them."""

    path: ConfigPath | None = None


class RoboflowSettings(Section):
    """`sink: roboflow`."""

    project: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,128}$")]
    api_key_file: ConfigPath
    """Its first line is the key."""
    client: Literal["http", "package"] = "http"
    url: _Endpoint = Field(default=_ROBOFLOW_URL, pattern=_HOST_ONLY)
    prelabels: bool = True
    """Also upload what the model saw, as predictions to start from."""
    timeout_s: float = Field(default=60.0, ge=1, le=600)

    @model_validator(mode="after")
    def _package_has_its_own_address(self) -> "RoboflowSettings":
        if self.client == "package" and self.url != _ROBOFLOW_URL:
            msg = "client: package takes its address from its own variable API_URL; leave url out"
            raise ValueError(msg)
        return self


class S3Settings(Section):
    """`sink: s3`: a bucket of S3 or of a store that speaks it."""

    endpoint: _Endpoint = Field(default="https://s3.amazonaws.com", pattern=_HOST_ONLY)
    bucket: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")
    prefix: str = Field(default="", pattern=r"^([A-Za-z0-9._=-]+/)*$", max_length=256)
    region: str = Field(default="us-east-1", pattern=r"^[a-z0-9-]{1,64}$")
    credentials_file: ConfigPath
    """Two lines: access key, secret key."""
    timeout_s: float = Field(default=60.0, ge=1, le=600)


class SamplingSettings(Section):
    """Keeping frames for labelling; off unless enabled."""

    enabled: bool = False
    sink: Literal["folder", "roboflow", "s3"] = "folder"
    approval: Literal["automatic", "manual"] = "automatic"
    """manual: nothing goes to the sink before somebody said so (`edgedet learn approve`)."""
    strategies: list[StrategySettings] = Field(default_factory=list)
    limits: list[LimitSettings] = Field(default_factory=list)
    """Over all strategies and requests together."""
    max_fps: float = Field(default=5.0, gt=0, le=1000)
    """Frames looked at, a second and live source; of `realtime: false` all are."""
    diversity: DiversitySettings = DiversitySettings()
    blur: BlurSettings = BlurSettings()
    jpeg_quality: int = Field(default=95, ge=10, le=100)
    quota_mib: int = Field(default=1024, ge=1, le=_PIB)
    """What pictures may take on this disk; beyond, the oldest makes way and is counted."""
    reserve_mib: int = Field(default=512, ge=0, le=_PIB)
    """What stays free on the disk, whatever the quota."""
    tags: list[str] = Field(default_factory=list)
    folder: FolderSettings = FolderSettings()
    roboflow: RoboflowSettings | None = None
    s3: S3Settings | None = None

    @model_validator(mode="before")
    @classmethod
    def _bare_off(cls, value: object) -> object:
        """`sampling: off` as short for `enabled: false`; YAML reads a bare off as false."""
        return {"enabled": False} if value is False or value == "off" else value

    @field_validator("tags")
    @classmethod
    def _tags_are_accepted(cls, tags: list[str]) -> list[str]:
        return [_tag(tag) for tag in tags]

    @field_validator("strategies")
    @classmethod
    def _names_are_unique(cls, strategies: list[StrategySettings]) -> list[StrategySettings]:
        names = [each.name for each in strategies]
        doubled = sorted({name for name in names if names.count(name) > 1})
        if doubled:
            msg = f"strategies must have different names, given more than once: {doubled}"
            raise ValueError(msg)
        return strategies

    @model_validator(mode="after")
    def _fits_together(self) -> "SamplingSettings":
        looks_ahead = any(each.type == "flicker" for each in self.strategies)
        if looks_ahead and self.max_fps < 2:
            msg = "flicker compares frames at most 1 s apart: it needs a max_fps of 2 or more"
            raise ValueError(msg)
        if self.enabled and self.sink != "folder" and getattr(self, self.sink) is None:
            needed = {
                "roboflow": "project and api_key_file",
                "s3": "bucket and credentials_file",
            }
            msg = f"sink {self.sink} needs sampling.{self.sink} with {needed[self.sink]}"
            raise ValueError(msg)
        return self
