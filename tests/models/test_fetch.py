"""Bundles from folders, archives and a real HTTP server that hangs up in the middle."""

import http.server
from collections.abc import Iterator
from pathlib import Path

import pytest

from edgedet.errors import ModelError
from edgedet.manifest import read_bundle, verify_bundle
from edgedet.models.fetch import fetch
from edgedet.stream.worker import Worker
from tests.brokers import free_port
from tests.models.bundles import make_bundle, pack


class Server:
    """Serves a folder; the first `cuts` answers end after half of the bytes."""

    def __init__(self, folder: Path) -> None:
        self.cuts = 0
        self.ranges: list[str | None] = []
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path = folder / self.path.lstrip("/")
                if self.path.startswith("/elsewhere/"):
                    self.send_response(302)
                    self.send_header("Location", self.path.removeprefix("/elsewhere"))
                    self.end_headers()
                    return
                asked = self.headers.get("Range")
                server.ranges.append(asked)
                if not path.is_file():
                    self.send_error(404)
                    return
                content = path.read_bytes()
                start = int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0
                if start >= len(content) > 0:
                    self.send_error(416)
                    return
                rest = content[start:]
                self.send_response(206 if asked else 200)
                self.send_header("Content-Length", str(len(rest)))
                self.end_headers()
                if server.cuts:
                    server.cuts -= 1
                    rest = rest[: len(rest) // 2]
                self.wfile.write(rest)

            def log_message(self, *_: object) -> None:
                pass

        self._http = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        self._worker = Worker("http", lambda _stop: self._http.serve_forever(0.02))
        self._worker.start()
        self.url = f"http://127.0.0.1:{self._http.server_port}"

    def close(self) -> None:
        self._http.shutdown()
        self._worker.stop(5.0)
        self._http.server_close()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path)
    yield server
    server.close()


def test_a_folder_is_taken_where_it_lies(tmp_path: Path) -> None:
    bundle = make_bundle(tmp_path / "made")
    assert fetch(str(bundle.folder), tmp_path / "incoming") == bundle.folder


def test_an_archive_on_disk(tmp_path: Path) -> None:
    path = pack(make_bundle(tmp_path / "made"), tmp_path / "a.tar.gz")
    verify_bundle(read_bundle(fetch(str(path), tmp_path / "incoming")))


@pytest.mark.parametrize("end", ["", "/", "/manifest.json"])
def test_the_address_of_a_folder(tmp_path: Path, server: Server, end: str) -> None:
    bundle = make_bundle(tmp_path / "made")
    found = read_bundle(fetch(f"{server.url}/made{end}", tmp_path / "incoming"))
    verify_bundle(found)
    assert found.digest == bundle.digest


def test_a_download_goes_on_where_it_stopped(tmp_path: Path, server: Server) -> None:
    size = pack(make_bundle(tmp_path / "made"), tmp_path / "a.tar.gz").stat().st_size
    # how much of the last bytes arrives before a hang-up is the network's business
    server.cuts = 2
    seen: list[int] = []
    folder = fetch(
        f"{server.url}/a.tar.gz", tmp_path / "incoming", lambda _, count: seen.append(count)
    )
    verify_bundle(read_bundle(folder))
    starts = [int((asked or "=0-").partition("=")[2][:-1]) for asked in server.ranges]
    assert len(starts) == 3
    assert 0 == starts[0] < starts[1] < starts[2] < size
    assert seen[-1] == size


def test_after_too_many_hang_ups_what_is_here_is_kept_for_later(
    tmp_path: Path, server: Server
) -> None:
    pack(make_bundle(tmp_path / "made"), tmp_path / "a.tar.gz")
    server.cuts = 4
    with pytest.raises(ModelError, match="what is here is kept"):
        fetch(f"{server.url}/a.tar.gz", tmp_path / "incoming")
    verify_bundle(read_bundle(fetch(f"{server.url}/a.tar.gz", tmp_path / "incoming")))
    assert server.ranges[-1] is not None


def test_files_that_are_here_are_not_fetched_again(tmp_path: Path, server: Server) -> None:
    make_bundle(tmp_path / "made")
    fetch(f"{server.url}/made", tmp_path / "incoming")
    count = len(server.ranges)
    fetch(f"{server.url}/made", tmp_path / "incoming")
    assert len(server.ranges) == count + 2  # manifest and signature


def test_a_damaged_archive_is_not_gone_on_with(tmp_path: Path, server: Server) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(b"no zip")
    with pytest.raises(ModelError, match="not an archive"):
        fetch(f"{server.url}/a.zip", tmp_path / "incoming")
    pack(make_bundle(tmp_path / "made"), path)
    verify_bundle(read_bundle(fetch(f"{server.url}/a.zip", tmp_path / "incoming")))


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("/nowhere", "there is no bundle at '/nowhere'"),
        ("ftp://me:secret@host/a.zip", r"'ftp://\*\*\*@host/a.zip' is no place for a bundle"),
        ("http://me:secret@127.0.0.1:{port}/a.zip", r"cannot fetch http://\*\*\*@127"),
    ],
)
def test_what_cannot_be_had(tmp_path: Path, source: str, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        fetch(source.format(port=free_port()), tmp_path / "incoming")


def test_what_the_server_says_is_told(tmp_path: Path, server: Server) -> None:
    with pytest.raises(ModelError, match="the server says 404"):
        fetch(f"{server.url}/nothing.tar", tmp_path / "incoming")


def test_a_server_may_not_send_us_where_we_may_not_go(tmp_path: Path, server: Server) -> None:
    pack(make_bundle(tmp_path / "made"), tmp_path / "a.tar.gz")
    url = f"{server.url}/elsewhere/a.tar.gz"

    with pytest.raises(ModelError, match=r"sends us to .*/a.tar.gz, which is not allowed"):
        fetch(url, tmp_path / "incoming", allows=lambda asked: "elsewhere" in asked)

    assert read_bundle(fetch(url, tmp_path / "incoming")).manifest.version == "1"


@pytest.mark.parametrize("mark", [b"a\r\nb", b"x" * 2000, None])
def test_a_download_goes_on_whatever_was_kept_of_its_version(
    tmp_path: Path, server: Server, mark: bytes | None
) -> None:
    pack(make_bundle(tmp_path / "made"), tmp_path / "a.tar.gz")
    server.cuts = 4
    with pytest.raises(ModelError, match="what is here is kept"):
        fetch(f"{server.url}/a.tar.gz", tmp_path / "incoming")
    (part,) = (tmp_path / "incoming").rglob("*.part")
    kept = part.with_name(f"{part.name}.version")
    if mark is None:
        kept.symlink_to("/dev/zero")
    else:
        kept.write_bytes(mark)

    verify_bundle(read_bundle(fetch(f"{server.url}/a.tar.gz", tmp_path / "incoming")))
