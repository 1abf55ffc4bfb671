"""Roboflow over its REST interface: no package, every status handled, no key in any message.

Source of paths, parameters and answers: docs.roboflow.com, manage images, and the `roboflow`
package 1.7, adapters/rfapi.py.
"""

import json
import secrets
from urllib.parse import quote, urlencode

from edgedet.clock import Clock
from edgedet.config.sampling import RoboflowSettings
from edgedet.sample.base import Parcel, Receipt, SinkBusyError, SinkRefusalError
from edgedet.sample.picture import label_text
from edgedet.sample.sinks.answers import (
    Answer,
    answer_of,
    check_annotated,
    check_found,
    image_id_of,
)
from edgedet.sample.sinks.http_client import HttpClient
from edgedet.sample.sinks.secret import hidden, read_secrets


class RoboflowHttpSink:
    """A project at Roboflow, or at whatever speaks like it."""

    def __init__(self, settings: RoboflowSettings, clock: Clock) -> None:
        """Nothing is opened yet; the key is read for each request, so that it may be changed."""
        self._settings = settings
        self._clock = clock
        self._client = HttpClient(settings.url, settings.timeout_s)

    @property
    def target(self) -> str:
        """Address and project."""
        return f"roboflow {self._settings.url}/{self._settings.project}"

    def upload(self, parcel: Parcel) -> Receipt:
        """Send the picture, with its batch and tags.

        Raises:
            SinkRefusalError: it will never be taken.
            SinkBusyError: it may be taken later.
        """
        parameters = [("name", parcel.picture.name), ("split", "train"), ("batch", parcel.batch)]
        parameters += [("tag", tag) for tag in parcel.sample.tags]
        body, kind = _form(parcel.picture.name, _content(parcel))
        path = f"/dataset/{self._settings.project}/upload"
        answer = self._post(path, parameters, body, kind)
        image_id, was_there = image_id_of(answer)
        return Receipt(image_id, was_there=was_there)

    def annotate(self, parcel: Parcel, remote_id: str) -> None:
        """Send what the model saw, as predictions to start from.

        Raises:
            SinkRefusalError: they will never be taken.
            SinkBusyError: they may be taken later.
        """
        parameters = [("name", f"{parcel.sample.id}.txt"), ("prediction", "true")]
        content = {
            "annotationFile": label_text(parcel.sample.objects),
            "labelmap": {str(i): name for i, name in enumerate(parcel.class_names)},
        }
        body = json.dumps(content).encode()
        path = f"/dataset/{self._settings.project}/annotate/{quote(remote_id, safe='')}"
        check_annotated(self._post(path, parameters, body, "application/json"))

    def check(self) -> str:
        """Where pictures would go, in words; nothing is sent but the key.

        Raises:
            SinkClosedError: the key or the project is not known.
            SinkBusyError: the service does not answer as it should.
        """
        root = self._post("/", [], b"", "application/json")
        check_found(root)
        workspace = str(root.body.get("workspace", ""))
        path = f"/{quote(workspace, safe='')}/{self._settings.project}"
        check_found(self._post(path, [], b"", "application/json", method="GET"))
        return f"project {self._settings.project} of workspace {workspace}"

    def close(self) -> None:
        """Let go of the connection; may be called twice, from any thread."""
        self._client.close()

    def _post(
        self,
        path: str,
        parameters: list[tuple[str, str]],
        body: bytes,
        kind: str,
        method: str = "POST",
    ) -> Answer:
        (key,) = read_secrets(self._settings.api_key_file, 1)
        target = f"{path}?{urlencode([('api_key', key), *parameters])}"
        found = self._client.post(target, body, {"Content-Type": kind}, method)
        content = hidden(found.content.decode("utf-8", "replace"), key).encode()
        return answer_of(found.status, content, found.retry_after, self._clock.utc_now())


def _content(parcel: Parcel) -> bytes:
    try:
        return parcel.picture.read_bytes()
    except FileNotFoundError as exc:
        msg = "its picture is gone"
        raise SinkRefusalError(msg) from exc
    except OSError as exc:
        msg = f"cannot read {parcel.picture}: {exc.strerror or exc}"
        raise SinkBusyError(msg, is_general=False) from exc


def _form(name: str, content: bytes) -> tuple[bytes, str]:
    """A multipart body with one file, and its content type."""
    boundary = secrets.token_hex(16)
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
        "Content-Type: image/jpeg\r\n\r\n"
    )
    tail = f"\r\n--{boundary}--\r\n"
    return head.encode() + content + tail.encode(), f"multipart/form-data; boundary={boundary}"
