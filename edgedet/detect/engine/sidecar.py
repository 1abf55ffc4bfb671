"""What is known of an engine: the JSON file beside it, read before the engine is touched."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from edgedet.detect.cuda import DeviceInfo
from edgedet.detect.engine.profile import BatchProfile
from edgedet.errors import ModelError
from edgedet.files import read_plain
from edgedet.manifest import Bundle

SCHEMA = "edgedet.engine/1"
_MAX_BYTES = 1 << 20

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Precision = Literal["int8", "fp16", "fp32"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Measured(_Part):
    """What a precision was seen to do on the device when the engine was chosen.

    `strays`: candidates, of `compared`, that match none of the expected ones within tolerance;
    `box_px` and `score`: largest differences of those that do. `reason`: why it was not tried.
    """

    precision: Precision
    images_per_s: float | None = None
    latency_ms: float | None = None
    box_px: float | None = None
    score: float | None = None
    strays: int | None = None
    compared: int | None = None
    reason: str | None = None

    def __str__(self) -> str:
        """As in `412.0 images/s, 3.100 ms for one; 600 of 600 candidates match, within …`."""
        if self.reason is not None:
            return self.reason
        speed = f"{self.images_per_s:.1f} images/s, {self.latency_ms:.3f} ms for one"
        if self.strays is None or self.compared is None:
            return f"{speed}; not compared"
        return (
            f"{speed}; {self.compared - self.strays} of {self.compared} candidates match, within "
            f"{self.box_px:.2f} px and {self.score:.4f} of score"
        )


class Profile(_Part):
    """Batch sizes."""

    min: int = Field(ge=1)
    opt: int = Field(ge=1)
    max: int = Field(ge=1)


class Sidecar(_Part):
    """Everything that must fit before an engine is loaded, and how it came about."""

    schema_: Literal["edgedet.engine/1"] = Field(default="edgedet.engine/1", alias="schema")
    model: str
    version: str
    bundle_sha256: Sha256
    engine_sha256: Sha256
    engine_bytes: int = Field(ge=1)
    tensorrt: str
    device: str
    compute_capability: str
    multiprocessors: int = Field(ge=1)
    profile: Profile
    precision: Precision
    strongly_typed: bool
    dla_core: int | None = None
    built_at: AwareDatetime
    build_s: float = Field(ge=0)
    measured: list[Measured] = []
    edgedet: str

    model_config = ConfigDict(
        extra="forbid", frozen=True, populate_by_name=True, serialize_by_alias=True
    )

    @property
    def batch_profile(self) -> BatchProfile:
        """The profile as the engine room has it."""
        return BatchProfile(self.profile.min, self.profile.opt, self.profile.max)


@dataclass(frozen=True, slots=True)
class EngineKey:
    """What an engine belongs to: another value of any of these needs another engine."""

    bundle_sha256: str
    tensorrt: str
    device: str
    compute_capability: str
    multiprocessors: int

    @staticmethod
    def of(bundle: Bundle, tensorrt: str, device: DeviceInfo) -> "EngineKey":
        """The key for a bundle on this GPU."""
        capability = "{}.{}".format(*device.compute_capability)
        return EngineKey(bundle.digest, tensorrt, device.name, capability, device.multiprocessors)

    def differences(self, sidecar: Sidecar) -> list[str]:
        """What keeps the engine of `sidecar` from being used here, in words; none if nothing."""
        found = []
        if sidecar.bundle_sha256 != self.bundle_sha256:
            found.append("it was built from another version of the bundle")
        if sidecar.tensorrt != self.tensorrt:
            found.append(f"it was built by TensorRT {sidecar.tensorrt}, here is {self.tensorrt}")
        there = sidecar.device, sidecar.compute_capability, sidecar.multiprocessors
        here = self.device, self.compute_capability, self.multiprocessors
        if there != here:
            form = "{} (compute capability {}, {} multiprocessors)"
            found.append(f"it was built for {form.format(*there)}, here is {form.format(*here)}")
        return found

    def is_outlived_by_library(self, sidecar: Sidecar) -> bool:
        """Whether the engine of `sidecar` is for this GPU and a TensorRT that is gone from it."""
        gpu = sidecar.device, sidecar.compute_capability, sidecar.multiprocessors
        here = self.device, self.compute_capability, self.multiprocessors
        return gpu == here and sidecar.tensorrt != self.tensorrt

    def file_stem(
        self, profile: BatchProfile, precision: str = "auto", *, dla_core: int | None = None
    ) -> str:
        """A name for the engine's files that no engine of another key has."""
        parts = (
            self.bundle_sha256,
            self.tensorrt,
            self.device,
            self.compute_capability,
            str(self.multiprocessors),
            str(profile),
            precision,
            str(dla_core),
        )
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:20]


def read_sidecar(path: Path) -> Sidecar:
    """The sidecar at `path`.

    Raises:
        ModelError: If it cannot be read or is none.
    """
    try:
        content = read_plain(path, _MAX_BYTES)
    except OSError as exc:
        msg = f"cannot read {path} ({exc.strerror})"
        raise ModelError(msg) from exc
    try:
        return Sidecar.model_validate_json(content)
    except ValidationError as exc:
        first = exc.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "(whole file)"
        msg = f"{path} is no sidecar of schema {SCHEMA}: {where}: {first['msg']}"
        raise ModelError(msg) from exc
