"""Every path over a real connection: what is answered, to whom, and with which caution."""

import json
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest

from edgedet.event import SourceState
from edgedet.health.base import Sign
from edgedet.health.gallery import MAX_VIEWERS
from edgedet.stream.worker import Worker
from tests.health.figures import a_source, the_vitals
from tests.health.site_stand import WAIT_S, SiteStand
from tests.stream.fakes import wait_until

TOKEN = "0123456789abcdef0123"  # noqa: S105 - of these tests


@pytest.fixture
def stand() -> Iterator[SiteStand]:
    found = SiteStand()
    yield found
    found.stop()


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[SiteStand]:
    path = tmp_path / "token"
    path.write_text(TOKEN)
    found = SiteStand(path)
    yield found
    found.stop()


def test_the_page_and_its_files(stand: SiteStand) -> None:
    for path in ("/", "/login", "/assets/index.html"):
        status, headers, body = stand.ask(path)
        assert status == 200
        assert headers["content-type"] == "text/html; charset=utf-8"
        assert b"<title>" in body
    assert stand.ask("/", "HEAD")[0] == 200


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/assets/",
        "/assets/..%2Fsite.py",
        "/assets/%2e%2e/site.py",
        "/assets/../site.py",
        "/api/sources/nobody/frame.jpg",
        "/api/sources/..%2F..%2Fetc/frame.jpg",
        "/api/sources/%00/frame.jpg",
    ],
)
def test_anything_else_is_not_there(stand: SiteStand, path: str) -> None:
    assert stand.ask(path)[0] == 404


def test_every_answer_is_cautious(stand: SiteStand) -> None:
    for path in ("/", "/api/state", "/nothing", "/metrics"):
        _, headers, _ = stand.ask(path)
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert "cache-control" in headers
        assert "access-control-allow-origin" not in headers
        assert "server" not in headers


def test_strangers_names_and_pages_are_refused(stand: SiteStand) -> None:
    assert stand.ask("/api/state", Host="evil.example:80")[0] == 421
    assert stand.ask("/api/state", Origin="http://evil.example")[0] == 403
    assert stand.ask("/api/state", Sec_Fetch_Site="cross-site")[0] == 403
    assert stand.ask("/api/state", "POST")[0] == 405
    assert stand.ask("/login", "POST", b"x" * 5000)[0] == 413


def test_the_state_has_what_the_page_shows(stand: SiteStand) -> None:
    status, headers, body = stand.ask("/api/state")
    state = json.loads(body)
    assert (status, headers["content-type"]) == (200, "application/json")
    assert [source["id"] for source in state["sources"]] == ["gate", "dock"]
    assert state["sources"][0]["zones"][0]["name"] == "yard"
    assert state["sources"][1]["zones"] == []
    assert state["model"]["name"] == "person"
    assert state["broker"]["state"] == "connected"
    assert state["problems"] == []
    assert state["stages"]["total"] == {"p50_ms": 20.0, "p99_ms": 42.0}


def test_the_curves_grow(stand: SiteStand) -> None:
    for seconds in (0.0, 5.0, 10.0):
        stand.history.add(replace(stand.vitals, uptime_s=seconds))
    found = json.loads(stand.ask("/api/history")[2])
    assert found["sources"] == ["gate", "dock"]
    assert len(found["points"]) == 2
    assert len(found["points"][0]) == len(found["columns"])


def test_probes_tell_apart_what_a_restart_would_mend(stand: SiteStand) -> None:
    assert stand.ask("/healthz")[0] == stand.ask("/readyz")[0] == 200
    stand.vitals = the_vitals(a_source("gate", SourceState.STALLED))
    assert stand.ask("/healthz")[0] == 200
    status, _, body = stand.ask("/readyz")
    assert status == 503
    failed = [check for check in json.loads(body)["checks"] if not check["ok"]]
    assert failed == [{"name": "sources", "ok": False, "reason": "none delivers: gate: stalled"}]
    stand.vitals = the_vitals(signs=(Sign("infer", 99.0, 60.0),))
    assert stand.ask("/healthz")[0] == stand.ask("/readyz")[0] == 503


def test_a_supervisor_that_hangs_is_not_believed(stand: SiteStand) -> None:
    stand.silence_s = 16.0
    status, _, body = stand.ask("/healthz")
    assert status == 503
    assert "has not looked for 16 s" in body.decode()


def test_metrics_are_text(stand: SiteStand) -> None:
    status, headers, body = stand.ask("/metrics")
    assert status == 200
    assert headers["content-type"].startswith("text/plain; version=0.0.4")
    assert b'edgedet_source_frames_decoded_total{source="gate"} 1000.0' in body


def test_live_pictures_of_several_sources_over_one_connection(stand: SiteStand) -> None:
    page = stand.open("/api/live?sources=gate,dock,nobody&width=300")
    assert page.part() == ({}, b"")
    for seq, name in enumerate(("gate", "dock", "gate")):
        wait_until(partial(stand.tap.show, name, seq))
        head, data = page.part()
        assert (head["source"], head["seq"]) == (name, seq)
        picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        assert picture is not None
        assert picture.shape == (48, 64, 3)
    page.close()
    wait_until(lambda: stand.gallery.viewers == 0, timeout_s=WAIT_S)
    assert stand.tap.listeners == []


def test_one_picture_for_a_script(stand: SiteStand) -> None:
    answers = []
    asking = Worker("asks", lambda _stop: answers.append(stand.ask("/api/sources/gate/frame.jpg")))
    asking.start()
    wait_until(lambda: stand.tap.show("gate", 1))
    assert asking.join(WAIT_S)
    status, headers, body = answers[0]
    assert (status, headers["content-type"], body[:2]) == (200, "image/jpeg", b"\xff\xd8")
    assert stand.gallery.viewers == 0


def test_too_many_pages_are_told_so(stand: SiteStand) -> None:
    for _ in range(MAX_VIEWERS):
        stand.open("/api/live").part()
    status, _, body = stand.ask("/api/live")
    assert status == 503
    assert "close one" in body.decode()


class TestWithToken:
    def test_without_it_there_is_a_form_and_two_words(self, guarded: SiteStand) -> None:
        for path in ("/api/state", "/api/live", "/metrics", "/nothing", "/"):
            assert guarded.ask(path)[0] == 401
        status, headers, _ = guarded.ask("/", Accept="text/html")
        assert (status, headers["location"]) == (303, "/login")
        assert guarded.ask("/login")[0] == 200
        assert guarded.ask("/healthz")[2] == b'{"status": "ok"}'
        assert guarded.ask("/readyz")[2] == b'{"status": "ok"}'

    def test_scripts_bring_it_along(self, guarded: SiteStand) -> None:
        assert guarded.ask("/metrics", Authorization=f"Bearer {TOKEN}")[0] == 200
        body = guarded.ask("/healthz", Authorization=f"Bearer {TOKEN}")[2]
        assert b"checks" in body

    def test_people_log_in_and_out(self, guarded: SiteStand) -> None:
        form = {"Content_Type": "application/x-www-form-urlencoded"}
        status, _, body = guarded.ask("/login", "POST", b"token=wrong", **form)
        assert (status, b"That is not the token" in body) == (403, True)
        status, headers, _ = guarded.ask("/login", "POST", f"token={TOKEN}".encode(), **form)
        assert status == 303
        for flag in ("HttpOnly", "SameSite=Strict"):
            assert flag in headers["set-cookie"]
        cookie = headers["set-cookie"].partition(";")[0]
        assert TOKEN not in cookie
        assert guarded.ask("/api/state", Cookie=cookie)[0] == 200
        assert guarded.ask("/logout", "POST", b"", Cookie=cookie)[0] == 303
        assert guarded.ask("/api/state", Cookie=cookie)[0] == 401

    def test_another_sites_form_logs_nobody_in(self, guarded: SiteStand) -> None:
        body = f"token={TOKEN}".encode()
        assert guarded.ask("/login", "POST", body, Origin="http://evil.example")[0] == 403


@pytest.mark.parametrize("width", ["9" * 5000, "-1", "0", "x", "%D9%A3", "1e9"])
def test_a_width_that_is_none_is_the_smallest(stand: SiteStand, width: str) -> None:
    page = stand.open(f"/api/live?width={width}")
    page.part()
    wait_until(lambda: stand.tap.show("gate", 1))
    assert page.part()[0]["seq"] == 1
