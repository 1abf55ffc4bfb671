"""The manifest of a model bundle, schema `edgedet.model/1`."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

SCHEMA = "edgedet.model/1"
MODEL_FILE = "model.onnx"
WEIGHTS_FILE = "weights.pt"
MANIFEST_FILE = "manifest.json"
REPORT_FILE = "report.json"

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
FilePath = Annotated[
    str,
    Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*$", max_length=200),
]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FileEntry(_Part):
    """A file of the bundle. `path` is relative and stays inside."""

    path: FilePath
    sha256: Sha256
    size_bytes: int = Field(ge=0)


class InputSpec(_Part):
    """What the graph takes: a batch of letterboxed pictures, preprocessing done inside."""

    name: str = "images"
    layout: Literal["NHWC"] = "NHWC"
    dtype: Literal["uint8"] = "uint8"
    colour: Literal["RGB"] = "RGB"
    height: int = Field(ge=32, le=4096)
    width: int = Field(ge=32, le=4096)
    resize: Literal["letterbox"] = "letterbox"
    pad_value: int = Field(default=114, ge=0, le=255)


class OutputSpec(_Part):
    """What the graph gives: the K best candidates, see `edgedet.detect.base.Detector.infer`."""

    name: str = "candidates"
    count: int = Field(default=300, ge=1, le=3840)


class Thresholds(_Part):
    """Defaults of the model; the configuration may say otherwise."""

    score: float = Field(default=0.25, ge=0, le=1)
    iou: float = Field(default=0.45, ge=0, le=1)


class TrainingFacts(_Part):
    """Where the weights come from. `data_id` is the digest of the data set."""

    architecture: str
    data_id: str | None = None
    commit: str | None = None
    recipe: str | None = None
    epochs: int | None = None
    ap50: float | None = Field(default=None, ge=0, le=1)
    ap: float | None = Field(default=None, ge=0, le=1)
    note: str | None = None


class Golden(_Part):
    """Inputs with all K candidates expected of them; both `.npz`. Tolerances: pixels and score."""

    path: FilePath
    box_tolerance_px: float = Field(gt=0)
    score_tolerance: float = Field(gt=0)


class Manifest(_Part):
    """Everything the runtime must know of a model before it opens it."""

    schema_: Literal["edgedet.model/1"] = Field(default="edgedet.model/1", alias="schema")
    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,62}$")]
    version: Annotated[str, Field(min_length=1, max_length=64)]
    class_names: Annotated[list[str], Field(min_length=1, max_length=10_000)]
    precision: Literal["fp32", "fp16", "int8"]
    input: InputSpec
    output: OutputSpec = OutputSpec()
    thresholds: Thresholds = Thresholds()
    files: list[FileEntry]
    training: TrainingFacts | None = None
    calibration_sha256: Sha256 | None = None
    golden: Golden | None = None

    model_config = ConfigDict(
        extra="forbid", frozen=True, populate_by_name=True, serialize_by_alias=True
    )

    @field_validator("input")
    @classmethod
    def _whole_strides(cls, value: InputSpec) -> InputSpec:
        if value.height % 32 or value.width % 32:
            msg = (
                "input height and width must be multiples of 32, "
                f"got {value.height} x {value.width}"
            )
            raise ValueError(msg)
        return value

    @model_validator(mode="after")
    def _has_one_model(self) -> "Manifest":
        paths = [entry.path for entry in self.files]
        if len(set(paths)) != len(paths):
            msg = "a file is listed twice"
            raise ValueError(msg)
        if MODEL_FILE not in paths:
            msg = f"files must list {MODEL_FILE}"
            raise ValueError(msg)
        return self
