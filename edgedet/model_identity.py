"""Which model it was, as messages tell it: a value that goes along with what it saw."""

from dataclasses import dataclass
from typing import Literal

Precision = Literal["fp32", "fp16", "int8"]


@dataclass(frozen=True, slots=True)
class ModelIdentity:
    """The model behind the detections. `sha256` is the digest of the graph, in hexadecimal."""

    name: str
    version: str
    sha256: str
    precision: Precision
    class_names: tuple[str, ...]
