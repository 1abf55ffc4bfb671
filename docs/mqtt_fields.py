"""Write the parts of docs/mqtt.md that the schemas and examples of the package know better.

    .venv/bin/python docs/mqtt_fields.py          # write them
    .venv/bin/python docs/mqtt_fields.py --check  # exit with 1 if the page is not up to date

A part stands between `<!-- fields: NAME -->` or `<!-- example: NAME CASE -->` and `<!-- end -->`.
"""

import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgedet.publish import schemas

PAGE = Path(__file__).with_name("mqtt.md")

_PART = re.compile(r"(<!-- (fields|example): ([a-z_ -]+) -->\n).*?(<!-- end -->)", re.DOTALL)
_GOLDEN = PAGE.parents[1] / "tests" / "publish" / "golden"
# up to a comma that stands in no text
_PIECE = re.compile(r'(?:"(?:[^"\\]|\\.)*"|[^",])+,?|,')
_WIDTH = 100
_UTC = "\\.[0-9]{3}Z$"
_YES = {True: "yes", False: ""}
# told once for all messages
_HEAD = ("schema", "id", "device", "boot")

Schema = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a message. `path` as in `objects[].box`."""

    path: str
    kind: str
    is_required: bool
    meaning: str


def fields_of(name: str) -> list[Field]:
    """The fields of a schema, in its order, those of parts below the part."""
    root = schemas.load(name)
    return list(_walk(root, root, ""))


def rendered(page: str) -> str:
    """`page` with its parts as they should be."""
    return _PART.sub(lambda part: part[1] + _content(part[2], part[3].split()) + part[4], page)


def _content(kind: str, words: list[str]) -> str:
    if kind == "example":
        name, case = words
        return f"```json\n{_flow(_example(name, case))}\n```\n"
    rows = [
        f"| `{field.path}` | {field.kind} | {_YES[field.is_required]} | {field.meaning} |"
        for field in fields_of(words[0])
        if field.path not in _HEAD or words[0] == "command"
    ]
    return "\n".join(["| Field | Type | Always | Meaning |", "|---|---|---|---|", *rows]) + "\n"


def _walk(root: Schema, schema: Schema, prefix: str) -> Iterator[Field]:
    for key, raw in schema.get("properties", {}).items():
        value = _resolved(root, raw)
        path = f"{prefix}{key}"
        is_required = key in schema.get("required", ())
        yield Field(path, _kind(root, value), is_required, _meaning(root, value))
        yield from _walk(root, value, f"{path}.")
        if isinstance(value.get("items"), dict):
            yield from _walk(root, _resolved(root, value["items"]), f"{path}[].")


def _resolved(root: Schema, value: Schema) -> Schema:
    """`value` with what it refers to, its own words first."""
    if "$ref" not in value:
        return value
    return {**root["$defs"][value["$ref"].rpartition("/")[2]], **value}


def _kind(root: Schema, value: Schema) -> str:
    if "const" in value:
        return f"`{value['const']}`"
    if "enum" in value:
        return " · ".join(f"`{word}`" for word in value["enum"])
    if "anyOf" in value:
        return " or ".join(_kind(root, _resolved(root, part)) for part in value["anyOf"])
    if str(value.get("pattern", "")).endswith(_UTC):
        return "time in UTC"
    named = value.get("type", "")
    words = [named] if isinstance(named, str) else list(named)
    if "array" in words:
        return f"list of {_kind(root, _resolved(root, value['items']))}"
    return " or ".join(word + ("" if word == "null" else _range(value)) for word in words)


def _range(value: Schema) -> str:
    low, high = value.get("minimum"), value.get("maximum")
    if low is not None and high is not None:
        return f" {low} … {high}"
    if "exclusiveMinimum" in value:
        return f" above {value['exclusiveMinimum']}"
    return f" from {low}" if low is not None else ""


def _meaning(root: Schema, value: Schema) -> str:
    if "description" in value:
        return str(value["description"]).replace("|", "\\|")
    parts = [_resolved(root, part) for part in value.get("anyOf", ())]
    return next((str(part["description"]) for part in parts if "description" in part), "")


def _flow(body: dict[str, Any]) -> str:
    """`body` as JSON, broken at commas where a line is full."""
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    lines, line = [], ""
    for piece in _PIECE.findall(text):
        if line.strip() and len(line) + len(piece) > _WIDTH:
            lines.append(line)
            line = " "
        line += piece
    return "\n".join([*lines, line])


def _example(name: str, case: str) -> Any:  # noqa: ANN401 - any JSON
    """What the code emits today; what others say, as the package has it."""
    golden = _GOLDEN / f"{name}.1" / f"{case}.json"
    text = golden.read_text("utf-8") if golden.exists() else schemas.examples(name)[case]
    return json.loads(text)


def main() -> int:
    """Write the page, or check it; the exit code."""
    before = PAGE.read_text(encoding="utf-8")
    after = rendered(before)
    if "--check" in sys.argv[1:]:
        return int(before != after)
    PAGE.write_text(after, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
