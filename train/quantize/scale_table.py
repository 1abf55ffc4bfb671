"""The scale table: what calibration or quantization-aware training found, and the writer needs.

A convolution is named as its weight in an exported graph, without `.weight`: `network.model.5.conv`
or `head.convolutions.2`. In torch that is the path of the folded network's module, `network.` put
in front. The scales of weights are not in here: they follow from the weights.
"""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

import numpy as np

from edgedet.errors import ModelError

SCHEMA = "edgedet.scales/1"
SCALES_FILE = "calibration.json"
METADATA_KEY = "scale_table"  # where a checkpoint that was trained quantization-aware has its own

LEVELS = 127  # symmetric INT8: the largest value of a tensor is 127 steps

Method = Literal["histogram-mse", "percentile", "max", "qat"]
METHODS: tuple[Method, ...] = get_args(Method)
Fact = str | int | float


@dataclass(frozen=True, slots=True)
class ScaleTable:
    """One step of the input of every quantized convolution, by the convolution's name.

    Attributes:
        method: How the scales were found.
        inputs: Name to scale = amax / 127, float32 numbers. Convolutions whose inputs are tied by
            Concat, MaxPool or Resize have the same.
        left_in_float: Name to the reason why this convolution is not quantized.
        facts: For people: number of pictures, id of the data, percentile, …

    Raises:
        ModelError: On construction, if a scale is no positive number, or a convolution is on both
            sides.
    """

    method: Method
    inputs: Mapping[str, float]
    left_in_float: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, Fact] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Round to float32, put names in order, refuse what no runtime takes."""
        rounded = {name: float(np.float32(self.inputs[name])) for name in sorted(self.inputs)}
        for name, scale in rounded.items():
            if not (math.isfinite(scale) and scale > 0):
                msg = (
                    f"the scale of the input of {name} is {self.inputs[name]!r}, expected a "
                    "positive number; calibrate again with pictures that the model finds "
                    "something in"
                )
                raise ModelError(msg)
            if name in self.left_in_float:
                msg = f"{name} has a scale, and is left in float too; it can be one of them only"
                raise ModelError(msg)
        object.__setattr__(self, "inputs", rounded)
        object.__setattr__(self, "left_in_float", dict(sorted(self.left_in_float.items())))
        object.__setattr__(self, "facts", dict(self.facts))

    @property
    def digest(self) -> str:
        """SHA-256 of the file that `save` writes; the manifest's `calibration_sha256`."""
        return hashlib.sha256(self._content()).hexdigest()

    def without(self, names: Mapping[str, str]) -> "ScaleTable":
        """The same with more convolutions left in float: name to reason."""
        inputs = {name: scale for name, scale in self.inputs.items() if name not in names}
        return ScaleTable(self.method, inputs, {**self.left_in_float, **names}, self.facts)

    def to_json(self) -> dict[str, object]:
        """Plain values, as in the file and in a checkpoint's metadata."""
        return {
            "schema": SCHEMA,
            "method": self.method,
            "facts": dict(self.facts),
            "inputs": dict(self.inputs),
            "left_in_float": dict(self.left_in_float),
        }

    def save(self, path: Path) -> None:
        """Write the file.

        Raises:
            OSError: If it cannot be written.
        """
        path.write_bytes(self._content())

    def _content(self) -> bytes:
        return (json.dumps(self.to_json(), indent=2) + "\n").encode()


def read_scale_table(path: Path) -> ScaleTable:
    """The table that a file holds.

    Raises:
        ModelError: If it cannot be read or is something else.
    """
    try:
        value = json.loads(path.read_bytes())
    except OSError as exc:
        msg = f"cannot read scale table {path}: {exc.strerror}"
        raise ModelError(msg) from exc
    except ValueError as exc:
        msg = f"{path} is not JSON: {exc}; make it with `python -m train quantize`"
        raise ModelError(msg) from exc
    return table_from_json(value, str(path))


def table_from_json(value: object, where: str) -> ScaleTable:
    """The table that `ScaleTable.to_json` gave; `where` is named when it is none.

    Raises:
        ModelError: If it is something else.
    """
    schema = value.get("schema") if isinstance(value, Mapping) else None
    if not isinstance(value, Mapping) or schema != SCHEMA:
        msg = f"{where} is no scale table: its schema is {schema!r}, expected {SCHEMA!r}"
        raise ModelError(msg)
    method = next((each for each in METHODS if each == value.get("method")), None)
    if method is None:
        known = ", ".join(METHODS)
        msg = f"{where}: method is {value.get('method')!r}, expected one of {known}"
        raise ModelError(msg)
    scales, reasons, facts = (
        _mapping(value, key, where) for key in ("inputs", "left_in_float", "facts")
    )
    return ScaleTable(
        method=method,
        inputs={name: _number(scale, name, where) for name, scale in scales.items()},
        left_in_float={name: str(reason) for name, reason in reasons.items()},
        facts={key: fact for key, fact in facts.items() if isinstance(fact, str | int | float)},
    )


def _mapping(value: Mapping[str, object], key: str, where: str) -> dict[str, object]:
    part = value.get(key)
    if isinstance(part, dict) and all(isinstance(each, str) for each in part):
        return part
    msg = f"{where}: {key!r} is {type(part).__name__}, expected a mapping by name"
    raise ModelError(msg)


def _number(value: object, name: str, where: str) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    msg = f"{where}: the scale of {name} is {value!r}, expected a number"
    raise ModelError(msg)
