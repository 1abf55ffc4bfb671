"""A bucket through the real library, against a store that signs nothing and keeps everything."""

import importlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from edgedet.config.sampling import S3Settings
from edgedet.errors import ConfigError
from edgedet.sample.base import SinkBusyError, SinkClosedError, SinkRefusalError
from edgedet.sample.sinks.s3 import S3Sink
from tests.brokers import free_port
from tests.sample.sinks.parcels import parcel

ACCESS, SECRET = "AKIAEXAMPLE", "Very-Secret-1234"  # a test's


class Bucket(HTTPServer):
    """Objects by path; `answers` are given instead, first come first served."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.objects: dict[str, bytes] = {}
        self.answers: list[tuple[int, str]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    """Takes PUT from those who sign with the access key."""

    server: Bucket

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        status, code = 200, ""
        if f"Credential={ACCESS}/" not in self.headers.get("Authorization", ""):
            status, code = 403, "InvalidAccessKeyId"
        elif self.server.answers:
            status, code = self.server.answers.pop(0)
        else:
            self.server.objects[self.path] = body
        text = f"<Error><Code>{code}</Code><Message>no</Message></Error>".encode() if code else b""
        self.send_response(status)
        self.send_header("ETag", '"0"')
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_arguments: object) -> None:
        """Nothing."""


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    pytest.importorskip("minio", reason="the minio package is not installed")
    with Bucket() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield server
        server.shutdown()
        thread.join(10)


def sink_to(url: str, folder: Path, access: str = ACCESS) -> S3Sink:
    keys = folder / "keys"
    keys.write_text(f"{access}\n{SECRET}\n", encoding="utf-8")
    return S3Sink(
        S3Settings(
            endpoint=url, bucket="frames", prefix="site-a/", credentials_file=keys, timeout_s=5
        )
    )


def test_objects_lie_by_batch_and_twice_is_once(bucket: Bucket, tmp_path: Path) -> None:
    sent, sink = parcel(tmp_path), sink_to(bucket.url, tmp_path)
    for _ in range(2):
        receipt = sink.upload(sent)
        sink.annotate(sent, receipt.remote_id)
    sink.close()

    stem = "/frames/site-a/bench-gate-2026-05-04/gate-0000"
    assert set(bucket.objects) == {f"{stem}.jpg", f"{stem}.txt", f"{stem}.json"}
    assert bucket.objects[f"{stem}.jpg"] == sent.picture.read_bytes()
    assert bucket.objects[f"{stem}.txt"].startswith(b"0 0.375000")
    assert sink.target == f"s3 {bucket.url}/frames"


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ((403, "AccessDenied"), SinkClosedError),
        ((404, "NoSuchBucket"), SinkClosedError),
        ((400, "EntityTooLarge"), SinkRefusalError),
        ((503, "SlowDown"), SinkBusyError),
        ((500, "InternalError"), SinkBusyError),
    ],
)
def test_errors_are_told_apart(
    bucket: Bucket, tmp_path: Path, answer: tuple[int, str], kind: type[Exception]
) -> None:
    bucket.answers.append(answer)
    sink = sink_to(bucket.url, tmp_path)
    with pytest.raises(kind, match=answer[1]) as caught:
        sink.upload(parcel(tmp_path))

    assert type(caught.value) is kind
    assert SECRET not in repr(caught.value)
    assert sink.upload(parcel(tmp_path)).remote_id


def test_a_wrong_key_and_nobody_there(bucket: Bucket, tmp_path: Path) -> None:
    with pytest.raises(SinkClosedError, match="InvalidAccessKeyId"):
        sink_to(bucket.url, tmp_path, "AKIAWRONG").upload(parcel(tmp_path))
    with pytest.raises(SinkBusyError, match="not reached"):
        sink_to(f"http://127.0.0.1:{free_port()}", tmp_path).upload(parcel(tmp_path))


def test_a_picture_that_is_gone_is_refused(bucket: Bucket, tmp_path: Path) -> None:
    sent = parcel(tmp_path)
    sent.picture.unlink()
    with pytest.raises(SinkRefusalError, match="gone"):
        sink_to(bucket.url, tmp_path).upload(sent)


def test_without_the_library_it_is_said_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(name: str) -> object:
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(ConfigError, match=r"pip install 'edgedet\[s3\]'"):
        sink_to("http://127.0.0.1:1", tmp_path)
