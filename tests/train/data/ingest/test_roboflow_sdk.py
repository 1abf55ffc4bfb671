"""Downloading a version with the real package, from a small service that answers as Roboflow does.

Skipped where the package is not installed, which `make dev` does not do.
"""

import io
import json
import sys
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from edgedet.errors import DataError, UsageError
from train.data.ingest.roboflow_sdk import download_version, parse_version

KEY = "abcDEF123secret"
VERSION = ("acme", "gates", 3)


def test_a_version_has_three_parts_or_two_in_ones_own_workspace() -> None:
    assert parse_version("acme/gates/3") == VERSION
    assert parse_version("gates/3") == ("", "gates", 3)
    for text in ("acme/gates", "acme/gates/x", "//3", ""):
        with pytest.raises(UsageError, match="expected workspace/project/number"):
            parse_version(text)


def test_a_missing_package_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "roboflow", None)

    with pytest.raises(DataError, match=r"pip install 'edgedet\[roboflow\]'"):
        download_version(VERSION, KEY, tmp_path)


def _zip() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        names = "train: ../train/images\nval: ../valid/images\nnc: 1\nnames: [a]\n"
        archive.writestr("data.yaml", names)
        archive.writestr("train/images/1.jpg", b"jpg")
    return content.getvalue()


class _Service(BaseHTTPRequestHandler):
    """The answers that a download asks for; `refuse` on the server makes it an error."""

    server: ThreadingHTTPServer

    def do_POST(self) -> None:
        self._answer(json.dumps({"workspace": "acme"}).encode())

    def do_GET(self) -> None:
        project = {
            "annotation": "gates", "classes": {}, "colors": {}, "created": 1, "id": "acme/gates",
            "images": 1, "name": "gates", "public": False, "splits": {}, "type": "object-detection",
            "unannotated": 0, "updated": 1,
        }  # fmt: skip
        version = {
            "augmentation": {}, "created": 1, "id": "acme/gates/3", "images": 1, "name": "3",
            "preprocessing": {}, "splits": {}, "exports": ["yolov7pytorch"], "generating": False,
            "progress": 1,
        }  # fmt: skip
        workspace = {"workspace": {"name": "acme", "projects": [], "url": "acme", "members": []}}
        link = f"http://127.0.0.1:{self.server.server_port}/zip?key={KEY}"
        answers: dict[str, object] = {
            "/acme": workspace,
            "/acme/gates": {"project": project, "versions": [version]},
            "/acme/gates/3": {"version": version},
            "/acme/gates/3/yolov7pytorch": {"export": {"link": link}},
        }
        path = self.path.split("?")[0].rstrip("/")
        if path == "/zip":
            self._answer(_zip())
        else:
            self._answer(
                json.dumps(answers.get(path, {})).encode(), 200 if path in answers else 404
            )

    def log_message(self, *_: object) -> None:
        """Stay quiet."""

    def _answer(self, content: bytes, code: int = 200) -> None:
        refused = getattr(self.server, "refuse", False)
        self.send_response(403 if refused else code)
        content = f'{{"error": "no access with {KEY}"}}'.encode() if refused else content
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[ThreadingHTTPServer]:
    pytest.importorskip("roboflow", reason="the roboflow package is not installed")
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Service)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    url = f"http://127.0.0.1:{server.server_address[1]}"
    monkeypatch.setenv("API_URL", url)
    for name, module in list(sys.modules.items()):
        if name.startswith("roboflow") and hasattr(module, "API_URL"):
            monkeypatch.setattr(module, "API_URL", url)
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.usefixtures("service")
@pytest.mark.parametrize("version", [VERSION, ("", "gates", 3)])
def test_downloads_and_unpacks(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], version: tuple[str, str, int]
) -> None:
    folder = download_version(version, KEY, tmp_path)

    assert (folder / "data.yaml").is_file()
    assert (folder / "train" / "images" / "1.jpg").read_bytes() == b"jpg"
    written = capfd.readouterr()
    assert KEY not in written.out + written.err


def test_a_refusal_is_one_line_without_the_key(
    service: ThreadingHTTPServer, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    service.refuse = True  # type: ignore[attr-defined]
    with pytest.raises(DataError, match="cannot download acme/gates/3 from Roboflow") as caught:
        download_version(VERSION, KEY, tmp_path)

    written = capfd.readouterr()
    assert KEY not in str(caught.value) + written.out + written.err
    assert "\n" not in str(caught.value)
    assert caught.value.__cause__ is None
