"""Other sites' pages, other names and strangers are refused; the token opens everything."""

from pathlib import Path

import pytest

from edgedet.errors import ConfigError
from edgedet.health.guard import COOKIE, Guard, read_token

TOKEN = "0123456789abcdef0123"  # noqa: S105 - of these tests
HERE = {"host": "127.0.0.1:8080"}


def _status(guard: Guard, headers: dict[str, str], method: str = "GET", path: str = "/") -> int:
    refusal = guard.refusal(method, path, headers)
    return 200 if refusal is None else refusal.status


class TestWithoutToken:
    @pytest.mark.parametrize(
        "host", ["127.0.0.1:8080", "localhost", "LOCALHOST:9", "[::1]:8080", "127.1.2.3:80"]
    )
    def test_this_machines_names_are_answered(self, host: str) -> None:
        assert _status(Guard(None), {"host": host}) == 200

    @pytest.mark.parametrize(
        "host",
        ["evil.example", "127.0.0.1.evil.example:8080", "10.0.0.1", "", "[::2]", "localhost.evil"],
    )
    def test_a_name_that_was_bound_to_us_is_not(self, host: str) -> None:
        assert _status(Guard(None), {"host": host}) == 421
        assert _status(Guard(None), {}) == 421

    def test_what_other_pages_ask_for_is_not_answered(self) -> None:
        guard = Guard(None)
        for site in ("cross-site", "same-site"):
            asked = HERE | {"sec-fetch-site": site, "sec-fetch-mode": "no-cors"}
            assert _status(guard, asked, path="/api/sources/gate/frame.jpg") == 403
        assert _status(guard, HERE | {"origin": "http://evil.example"}) == 403
        assert _status(guard, HERE | {"origin": "null"}, "POST", "/logout") == 403
        assert _status(guard, HERE | {"origin": "http://127.0.0.1:8080"}) == 200

    def test_a_link_may_be_followed(self) -> None:
        asked = HERE | {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
        assert _status(Guard(None), asked) == 200
        assert _status(Guard(None), asked, "POST", "/logout") == 403


@pytest.mark.parametrize("method", ["PUT", "DELETE", "TRACE", "OPTIONS", "POST", "X" * 100])
def test_only_reading_is_answered(method: str) -> None:
    assert _status(Guard(None), HERE, method, "/api/state") == 405


@pytest.mark.parametrize(
    "head",
    [
        {"content-length": "4097"},
        {"content-length": "-1"},
        {"content-length": "9" * 5000},
        {"content-length": "x"},
        {"transfer-encoding": "chunked"},
    ],
)
def test_bodies_are_small_and_announced(head: dict[str, str]) -> None:
    assert _status(Guard(None), HERE | head, "POST", "/login") == 413
    assert _status(Guard(None), HERE | {"content-length": "4096"}, "POST", "/login") == 200


class TestWithToken:
    def test_the_token_opens_under_every_name(self) -> None:
        guard = Guard(TOKEN)
        for name in ("edge-7.local", "10.0.0.7:8080"):
            asked = {"host": name, "authorization": f"Bearer {TOKEN}"}
            assert _status(guard, asked, path="/metrics") == 200

    @pytest.mark.parametrize(
        "given", ["", "Bearer", "Bearer ", f"Basic {TOKEN}", f"Bearer {TOKEN}x", "Bearer \xff"]
    )
    def test_anything_else_does_not(self, given: str) -> None:
        asked = {"host": "edge", "authorization": given}
        for path in ("/", "/api/state", "/metrics", "/api/live", "/nowhere"):
            assert _status(Guard(TOKEN), asked, path=path) == 401

    @pytest.mark.parametrize("path", ["/login", "/healthz", "/readyz", "/assets/page.js"])
    def test_some_paths_need_none(self, path: str) -> None:
        assert _status(Guard(TOKEN), {"host": "edge"}, path=path) == 200

    def test_a_session_is_as_good_until_it_is_closed(self) -> None:
        guard = Guard(TOKEN)
        asked = {"host": "edge", "cookie": f"a=b; {COOKIE}={guard.open_session()}"}
        assert _status(guard, asked) == 200
        guard.close_session(asked)
        assert _status(guard, asked) == 401
        assert _status(guard, {"host": "edge", "cookie": f"{COOKIE}="}) == 401

    def test_sessions_are_bounded(self) -> None:
        guard = Guard(TOKEN)
        first = guard.open_session()
        for _ in range(40):
            last = guard.open_session()
        assert _status(guard, {"host": "edge", "cookie": f"{COOKIE}={first}"}) == 401
        assert _status(guard, {"host": "edge", "cookie": f"{COOKIE}={last}"}) == 200


def test_the_token_is_the_first_line(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text(f"{TOKEN}\nmore\n")
    assert read_token(path) == TOKEN


@pytest.mark.parametrize("content", [b"", b"short\n", b"\xff" * 40, b"\n" + TOKEN.encode()])
def test_a_token_that_is_none_is_refused_without_being_shown(
    tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "token"
    path.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        read_token(path)
    assert "token_file" in str(caught.value)
    assert "short" not in str(caught.value).replace("characters", "")
    with pytest.raises(ConfigError, match="cannot be read"):
        read_token(tmp_path / "nowhere")
