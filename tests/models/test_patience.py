"""Servers that never end, lie about what they send, or send us elsewhere: all of it is told."""

import contextlib
import http.server
import os
import resource
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edgedet.errors import ModelError
from edgedet.manifest import read_bundle, verify_bundle
from edgedet.models import patience
from edgedet.models.fetch import fetch
from edgedet.rollout.interruption import InterruptedChangeError
from edgedet.stream.worker import Worker
from tests.certificates import Authority
from tests.models.bundles import make_bundle, pack

Handler = http.server.BaseHTTPRequestHandler
Answer = Callable[[Handler], None]


class Server:
    """Answers every request as it is told to."""

    def __init__(self, certificate: tuple[Path, Path] | None = None) -> None:
        self.answer: Answer = lambda _handler: None
        self.asked: list[dict[str, str]] = []
        self.is_over = threading.Event()
        server = self

        class Told(Handler):
            def do_GET(self) -> None:  # noqa: N802 - as the library has it
                server.asked.append(dict(self.headers))
                self.close_connection = True
                with contextlib.suppress(OSError):  # who asked has gone
                    server.answer(self)

            def log_message(self, *_: object) -> None:
                pass

        self._http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Told)
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self._http.socket = context.wrap_socket(self._http.socket, server_side=True)
        self._worker = Worker("http", lambda _stop: self._http.serve_forever(0.02))
        self._worker.start()
        self.url = f"http://127.0.0.1:{self._http.server_port}/a.tar.gz"

    def close(self) -> None:
        self.is_over.set()
        self._http.shutdown()
        self._worker.stop(5.0)
        self._http.server_close()

    def drip(self, handler: Handler, piece: bytes) -> None:
        while not self.is_over.wait(0.02):
            handler.wfile.write(piece)


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.close()


def _head(handler: Handler, status: int = 200, **headers: str) -> None:
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()


@pytest.mark.parametrize("what", ["head", "body", "nothing"])
def test_one_that_drips_is_left(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    def answer(handler: Handler) -> None:
        if what == "head":
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
        elif what == "body":
            _head(handler, Content_Length="1000000")
        server.drip(handler, b"" if what == "nothing" else b"x")

    server.answer = answer
    monkeypatch.setattr(patience, "MAX_WAIT_S", 0.3)
    with pytest.raises(ModelError, match=r"cannot fetch .*only \d+ bytes came in 0 s"):
        fetch(server.url, tmp_path / "incoming")
    assert len(server.asked) == 4


def test_who_waits_can_be_called_away(server: Server, tmp_path: Path) -> None:
    server.answer = lambda handler: server.drip(handler, b"")
    start_s = time.monotonic()

    def progress(_what: str, _count: int) -> None:
        raise InterruptedChangeError(progress.__name__)

    with pytest.raises(InterruptedChangeError):
        fetch(server.url, tmp_path / "incoming", progress)
    assert time.monotonic() - start_s < 10


def test_https_is_read_the_same_way_and_its_certificate_is_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = Authority(tmp_path / "ca")
    content = pack(make_bundle(tmp_path / "made"), tmp_path / "a.tar.gz").read_bytes()
    server = Server(authority.sign("server", "IP:127.0.0.1"))
    url = server.url.replace("http:", "https:")

    def answer(handler: Handler) -> None:
        _head(handler, Content_Length=str(len(content)))
        handler.wfile.write(content)

    server.answer = answer
    try:
        with pytest.raises(ModelError, match="CERTIFICATE_VERIFY_FAILED"):
            fetch(url, tmp_path / "incoming")
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.certificate))
        verify_bundle(read_bundle(fetch(url, tmp_path / "incoming")))
        server.answer = lambda handler: server.drip(handler, b"x")
        monkeypatch.setattr(patience, "MAX_WAIT_S", 0.3)
        with pytest.raises(ModelError, match=r"only \d+ bytes came"):
            fetch(url, tmp_path / "other")
    finally:
        server.close()


@pytest.fixture
def low_numbers_taken() -> Iterator[None]:
    """Every file number up to 1023 is in use, as in a process with hundreds of connections."""
    needed = 1100
    taken: list[int] = []
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < needed:
        pytest.skip(f"at most {hard} files may be open here")
    if soft != resource.RLIM_INFINITY and soft < needed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))
    while not taken or taken[-1] < 1023:
        taken.append(os.open(os.devnull, os.O_RDONLY))
    yield
    for number in taken:
        os.close(number)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.usefixtures("low_numbers_taken")
def test_it_is_read_at_high_file_numbers_too(server: Server, tmp_path: Path) -> None:
    content = pack(make_bundle(tmp_path / "made"), tmp_path / "a.tar.gz").read_bytes()

    def answer(handler: Handler) -> None:
        _head(handler, Content_Length=str(len(content)))
        handler.wfile.write(content)

    server.answer = answer
    verify_bundle(read_bundle(fetch(server.url, tmp_path / "incoming")))


@pytest.mark.parametrize("length", ["abc", "-5", "99999", "10"])
def test_a_wrong_length_is_told(server: Server, tmp_path: Path, length: str) -> None:
    def answer(handler: Handler) -> None:
        _head(handler, Content_Length=length)
        handler.wfile.write(b"no archive at all")

    server.answer = answer
    with pytest.raises(ModelError, match=r"cannot fetch|not an archive that can be read"):
        fetch(server.url, tmp_path / "incoming")


@pytest.mark.parametrize(
    ("where", "reason"),
    [
        ("file:///etc/passwd", "file:///etc/passwd.* is not allowed"),
        ("ftp://127.0.0.1/a.tar.gz", "sends us to ftp://127.0.0.1/a.tar.gz, which is not allowed"),
        ("data:,x", "data:,x.* is not allowed"),
        ("/a.tar.gz", "infinite loop"),
    ],
)
def test_it_is_not_followed_everywhere(
    server: Server, tmp_path: Path, where: str, reason: str
) -> None:
    server.answer = lambda handler: _head(handler, 302, Location=where)
    with pytest.raises(ModelError, match=reason):
        fetch(server.url, tmp_path / "incoming")


def test_a_file_that_is_another_by_now_is_fetched_from_its_beginning(
    server: Server, tmp_path: Path
) -> None:
    old, new = (
        pack(make_bundle(tmp_path / name, name), tmp_path / f"{name}.tar.gz").read_bytes()
        for name in ("1", "2")
    )

    def answer(handler: Handler) -> None:
        content = old if len(server.asked) == 1 else new
        tag = f'"{len(content)}-{content[-1]}-{content is new}"'
        is_same = handler.headers.get("If-Range") == tag
        start = int((handler.headers.get("Range") or "=0-")[:-1].partition("=")[2])
        start = start if is_same else 0
        status = 206 if start else 200
        _head(handler, status, Content_Length=str(len(content) - start), ETag=tag)
        end = len(content) // 2 if len(server.asked) <= 2 else None  # twice it hangs up
        handler.wfile.write(content[start:end])

    server.answer = answer
    found = read_bundle(fetch(server.url, tmp_path / "incoming"))
    verify_bundle(found)
    assert found.manifest.version == "2"
    assert "If-Range" in server.asked[1]
