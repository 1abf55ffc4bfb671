"""What a label service holds and answers: Roboflow's upload API, as far as devices use it.

Pure: requests in, answers out, no socket. Source of paths, parameters and answers: the `roboflow`
package 1.4 (`adapters/rfapi.py`) and docs.roboflow.com/datasets/manage/manage-images.
"""

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

_UPLOAD = re.compile(r"/dataset/([^/]+)/upload")
_ANNOTATE = re.compile(r"/dataset/([^/]+)/annotate/([^/]+)")
_IMAGE = re.compile(r"/[^/]+/([^/]+)/images/([^/]+)")
_PROJECT = re.compile(r"/([^/]+)/([^/]+)")


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request, its body read."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def path(self) -> str:
        """The path, without parameters."""
        return unquote(urlsplit(self.target).path)

    @property
    def parameters(self) -> dict[str, list[str]]:
        """The parameters of the address."""
        return parse_qs(urlsplit(self.target).query)

    @property
    def kind(self) -> str:
        """`upload`, `annotate`, or `look` for everything that only reads."""
        if self.method == "POST" and _UPLOAD.fullmatch(self.path):
            return "upload"
        if self.method == "POST" and _ANNOTATE.fullmatch(self.path):
            return "annotate"
        return "look"


@dataclass(frozen=True, slots=True)
class Answer:
    """A status and a JSON body."""

    status: int
    body: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class LabelImage:
    """An image of the data set; `annotation` is what was said of it, if anything."""

    id: str
    name: str
    content: bytes = field(repr=False)
    split: str = "train"
    batch: str = ""
    tags: tuple[str, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    annotation: str | None = None
    annotation_name: str = ""
    is_prediction: bool = False


class LabelDataset:
    """One project. An image that is there already, byte for byte, is a duplicate, as theirs is."""

    def __init__(self, workspace: str, project: str, api_key: str, max_bytes: int) -> None:
        """Answer for one project, to those who know the key; larger files than `max_bytes`: 413."""
        self.images: dict[str, LabelImage] = {}
        self._workspace = workspace
        self._project = project
        self._api_key = api_key
        self._max_bytes = max_bytes

    def answer(self, request: Request) -> Answer:
        """Do what is asked; what is wrong is answered as the service would."""
        if request.parameters.get("api_key") != [self._api_key]:
            return refusal(401, "This API key does not exist (or has been revoked).")
        path = request.path
        if request.kind == "upload" and (match := _UPLOAD.fullmatch(path)):
            return self._in_project(match[1]) or self._upload(request)
        if request.kind == "annotate" and (match := _ANNOTATE.fullmatch(path)):
            return self._in_project(match[1]) or self._annotate(match[2], request)
        return self._read(path)

    def _read(self, path: str) -> Answer:
        if match := _IMAGE.fullmatch(path):
            return self._in_project(match[1]) or self._look(match[2])
        if path in {"/", f"/{self._workspace}"}:
            return Answer(200, {"welcome": "edgedet sim", "workspace": self._workspace})
        if (match := _PROJECT.fullmatch(path)) and match[1] == self._workspace:
            return self._in_project(match[2]) or self._describe()
        return refusal(404, f"no such resource: {path}")

    def _in_project(self, name: str) -> Answer | None:
        return None if name == self._project else refusal(404, f"no project '{name}'")

    def _describe(self) -> Answer:
        project = {"id": f"{self._workspace}/{self._project}", "images": len(self.images)}
        return Answer(200, {"project": project})

    def _look(self, image_id: str) -> Answer:
        image = self.images.get(image_id)
        if image is None:
            return refusal(404, "Image not found in dataset.")
        known = {"id": image.id, "name": image.name, "split": image.split, "tags": image.tags}
        return Answer(200, {"image": {**known, "annotated": image.annotation is not None}})

    def _upload(self, request: Request) -> Answer:
        fields = {key: values[-1] for key, values in request.parameters.items()}
        name, content = fields.get("name", ""), b""
        kind = request.headers.get("content-type", "")
        if kind.startswith("multipart/form-data"):
            parts = read_parts(kind, request.body)
            fields |= {part.name: part.content.decode("utf-8", "replace") for part in parts}
            file = next((part for part in parts if part.name == "file"), None)
            content = file.content if file else b""
            name = fields.get("name") or (file.filename if file else "")
        else:
            try:
                content = base64.b64decode(request.body, validate=True)
            except binascii.Error:
                return refusal(400, "expected multipart/form-data with a file, or base64")
        if not content:
            return refusal(400, "no image in the request")
        if len(content) > self._max_bytes:
            return refusal(413, f"image of {len(content)} bytes; at most {self._max_bytes}")
        image_id = hashlib.sha256(content).hexdigest()[:20]
        if image_id in self.images:
            return Answer(200, {"duplicate": True, "id": image_id})
        self.images[image_id] = LabelImage(
            id=image_id,
            name=name,
            content=content,
            split=fields.get("split", "train"),
            batch=fields.get("batch", ""),
            tags=tuple(request.parameters.get("tag", [])),
            metadata=_json_object(fields.get("metadata", "")),
        )
        return Answer(200, {"success": True, "id": image_id})

    def _annotate(self, image_id: str, request: Request) -> Answer:
        image = self.images.get(image_id)
        if image is None:
            return refusal(404, "Image not found in dataset.")
        body = _json_object(request.body.decode("utf-8", "replace"))
        text = body.get("annotationFile")
        if not isinstance(text, str) or not text:
            return refusal(400, "expected a JSON body with annotationFile")
        if image.annotation is not None and "true" not in request.parameters.get("overwrite", []):
            return refusal(409, "Image was already annotated.")
        image.annotation = text
        image.annotation_name = request.parameters.get("name", [""])[-1]
        image.is_prediction = "true" in request.parameters.get("prediction", [])
        return Answer(200, {"success": True})


def refusal(status: int, message: str, headers: Mapping[str, str] | None = None) -> Answer:
    """An error in the form of the service."""
    return Answer(status, {"error": {"message": message}}, headers or {})


@dataclass(frozen=True, slots=True)
class Part:
    """One field or file of a multipart body."""

    name: str
    filename: str
    content: bytes


def read_parts(content_type: str, body: bytes) -> Sequence[Part]:
    """The parts of a `multipart/form-data` body, their bytes untouched."""
    match = re.search(r'boundary="?([^";]+)"?', content_type)
    if match is None:
        return []
    parts = []
    for piece in body.split(b"--" + match[1].encode())[1:]:
        head, separator, content = piece.partition(b"\r\n\r\n")
        if not separator:
            continue
        text = head.decode("utf-8", "replace")
        name = re.search(r'\bname="([^"]*)"', text)
        filename = re.search(r'\bfilename="([^"]*)"', text)
        if name is not None:
            content = content.removesuffix(b"\r\n")
            parts.append(Part(name[1], filename[1] if filename else "", content))
    return parts


def _json_object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
