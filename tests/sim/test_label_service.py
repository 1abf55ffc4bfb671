"""The label service over HTTP, with its faults."""

import base64
import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.client import RemoteDisconnected
from typing import Any

import pytest

from edgedet.errors import SimError
from edgedet.sim.label_faults import LabelFault
from edgedet.sim.label_service import LabelOptions, LabelService
from tests.brokers import wait_until

PATIENCE_S = 10.0


@pytest.fixture
def service() -> Iterator[LabelService]:
    with LabelService() as running:
        yield running


def _post(service: LabelService, path: str, body: bytes) -> tuple[int, Any, dict[str, str]]:
    url = f"{service.url}{path}{'&' if '?' in path else '?'}api_key={service.options.api_key}"
    request = urllib.request.Request(url, body, {"Content-Type": "text/plain"})  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:  # noqa: S310
            return answer.status, answer.read(), dict(answer.headers)
    except urllib.error.HTTPError as exc:
        with exc:
            return exc.code, json.loads(exc.read()), dict(exc.headers)


def _upload(service: LabelService, content: bytes = b"jpeg") -> tuple[int, Any, dict[str, str]]:
    status, body, headers = _post(
        service, "/dataset/frames/upload?name=a.jpg", base64.b64encode(content)
    )
    return status, json.loads(body) if isinstance(body, bytes) else body, headers


def _answers(service: LabelService) -> bool:
    try:
        return _upload(service)[0] == 200
    except (urllib.error.URLError, ConnectionError):
        return False


def _annotate(service: LabelService, image_id: str) -> int:
    body = json.dumps({"annotationFile": "x"}).encode()
    return _post(service, f"/dataset/frames/annotate/{image_id}?name=a.txt", body)[0]


def test_uploads_and_says_duplicate_the_second_time(service: LabelService) -> None:
    assert _upload(service)[1]["success"] is True
    assert _upload(service)[1]["duplicate"] is True
    assert [image.content for image in service.images] == [b"jpeg"]
    assert service.requests == (("upload", 200), ("upload", 200))


def test_faults_happen_as_often_as_ordered_and_only_where(service: LabelService) -> None:
    service.inject(LabelFault("rate_limited", on="upload", times=2, retry_after_s=7))
    service.inject(LabelFault("hidden", on="annotate"))

    status, body, headers = _upload(service)
    assert (status, headers["Retry-After"]) == (429, "7")
    assert body["error"]["message"]
    assert _upload(service)[0] == 429
    image_id = _upload(service)[1]["id"]
    assert _annotate(service, image_id) == 404
    assert _annotate(service, image_id) == 200


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (LabelFault("server_error", status=502), 502),
        (LabelFault("too_large"), 413),
        (LabelFault("unauthorized"), 401),
        (LabelFault("conflict"), 409),
    ],
)
def test_refusals_keep_nothing(service: LabelService, fault: LabelFault, status: int) -> None:
    service.inject(fault)

    assert _upload(service)[0] == status
    assert service.images == ()


def test_lost_answer_was_done_all_the_same(service: LabelService) -> None:
    service.inject(LabelFault("lost_answer"))
    with pytest.raises((RemoteDisconnected, urllib.error.URLError)):
        _upload(service)
    assert service.requests == (("upload", 0),)
    assert _upload(service)[1]["duplicate"] is True


def test_forced_duplicate_and_garbage_are_kept(service: LabelService) -> None:
    service.inject(LabelFault("duplicate", times=None))
    assert _upload(service)[1]["duplicate"] is True
    service.forgive()
    service.inject(LabelFault("garbage"))
    with pytest.raises(json.JSONDecodeError):
        _upload(service, b"other")
    assert len(service.images) == 2


def test_silence_ends_without_a_deed(service: LabelService) -> None:
    service.inject(LabelFault("silent", delay_s=0.2))
    with pytest.raises((RemoteDisconnected, urllib.error.URLError)):
        _upload(service)
    assert service.images == ()


def test_off_line_nobody_listens_and_on_line_everything_is_there(service: LabelService) -> None:
    _upload(service)
    service.set_online(False)
    assert wait_until(lambda: not _answers(service), PATIENCE_S)
    service.set_online(True)
    assert wait_until(lambda: _answers(service), PATIENCE_S)
    assert len(service.images) == 1


def test_taken_port_is_told(service: LabelService) -> None:
    port = int(service.url.rpartition(":")[2])
    with pytest.raises(SimError, match=f"cannot listen on port {port}"):
        LabelService(LabelOptions(port=port))


def test_stops_at_once_while_it_keeps_a_client_waiting() -> None:
    service = LabelService()
    service.start()
    service.stop()
    service.stop()
