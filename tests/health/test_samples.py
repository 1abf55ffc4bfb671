"""Kept frames over a real connection: looked at without a change, decided about with caution."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from edgedet.event import SourceState
from edgedet.sample.base import State
from edgedet.sample.decisions import Decisions
from edgedet.stream.worker import Worker
from tests.health.figures import a_source, the_vitals
from tests.health.kept import ODD, a_sampling, keep
from tests.health.site_stand import WAIT_S, SiteStand
from tests.sample.fakes import SteppingClock, frame, seen

TOKEN = "0123456789abcdef0123"  # noqa: S105 - of these tests
DECISIONS = "/api/samples/decisions"


class Desk:
    """A site with five frames that wait."""

    def __init__(self, folder: Path, token_file: Path | None = None) -> None:
        self.sampling = a_sampling(folder)
        self.ids = [keep(self.sampling, number).id for number in range(5)]
        vitals = the_vitals(a_source("gate"), a_source("dock", SourceState.STALLED))
        self.stand = SiteStand(token_file, vitals, sampling=self.sampling)

    def listed(self, query: str = "") -> dict[str, Any]:
        status, _, body = self.stand.ask(f"/api/samples{query}")
        assert status == 200, body
        found: dict[str, Any] = json.loads(body)
        return found

    def states(self) -> list[str]:
        return [each.state.value for each in self.sampling.store.ledger.samples()]

    def decide(self, action: str, *numbers: int, **more: object) -> tuple[int, Any]:
        ids = [self.ids[number] for number in numbers]
        return self.stand.post(DECISIONS, {"action": action, "ids": ids, **more})

    def close(self) -> None:
        self.stand.stop()
        assert self.sampling.stop(WAIT_S)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    found = Desk(tmp_path)
    yield found
    found.close()


def ids(samples: list[dict[str, Any]]) -> list[str]:
    return [each["id"] for each in samples]


def test_the_newest_come_first_page_by_page(desk: Desk) -> None:
    first = desk.listed("?limit=2&states=kept")
    assert ids(first["samples"]) == [desk.ids[4], desk.ids[3]]
    assert (first["older"], first["found"]) == (True, 5)
    last = desk.listed(f"?limit=9&states=kept&before={desk.ids[1]}")
    assert (ids(last["samples"]), last["older"]) == ([desk.ids[0]], False)
    assert desk.listed()["samples"] == []
    assert ids(desk.listed(f"?ids={desk.ids[2]},nobody")["samples"]) == [desk.ids[2]]
    shown = first["samples"][0]
    assert (shown["why"], shown["state"], shown["tags"]) == (
        "1 close to 0.35", "kept", ["night", "unsure"]
    )  # fmt: skip
    assert shown["objects"] == [{"class": "person", "score": 0.4, "box": [0.0, 0.0, 0.5, 0.5]}]
    assert "place" not in shown, "where things lie on the device is nobody's business"


def test_filters_and_the_whole(desk: Desk) -> None:
    keep(desk.sampling, 9, source_id="dock", strategy=ODD, state=State.REFUSED, reason="dark")
    found = desk.listed("?limit=9&source=dock")
    assert found["found"] == len(found["samples"]) == 1
    assert desk.listed("?limit=9&strategy=%3Cimg%20src%3Dx")["samples"] == []
    assert found["states"]["kept"] == 5
    assert found["strategies"] == [ODD, "unsure"]
    assert found["refusals"] == [{"reason": "dark", "count": 1}]
    assert [each["type"] for each in found["budgets"]] == ["hourly", "daily"]
    assert found["budgets"][1] == {
        "strategy": "unsure", "type": "daily", "per": "source", "value": 9, "spent": {}
    }  # fmt: skip
    assert found["stored_bytes"] <= found["quota_bytes"] == 1024 << 20


def test_looking_changes_nothing(desk: Desk) -> None:
    before = desk.sampling.store.ledger.reading("SELECT * FROM sample")
    for path in ("/api/samples?limit=9", DECISIONS, "/api/sources/gate/keep",
                 f"{DECISIONS}?action=reject&ids={desk.ids[0]}",
                 f"/api/samples/{desk.ids[0]}/picture.jpg"):  # fmt: skip
        desk.stand.ask(path)
        desk.stand.ask(path, "HEAD")
    for method in ("PUT", "DELETE", "PATCH", "POST"):
        assert desk.stand.ask("/api/samples", method)[0] == 405
    assert desk.sampling.store.ledger.reading("SELECT * FROM sample") == before


NONSENSE = (
    "?limit=101", "?limit=-1", "?limit=x", "?limit=99999999999999999999", "?states=lost",
    "?ids=a,../b", "?colour=red", "?ids=" + ",".join(["a"] * 101),
)  # fmt: skip


def test_a_query_that_makes_no_sense_is_told(desk: Desk) -> None:
    for query in NONSENSE:
        status, _, body = desk.stand.ask(f"/api/samples{query}")
        assert status == 400, query
        assert "expected" in json.loads(body)["error"]


def test_pictures_are_as_they_were_kept_or_small(desk: Desk) -> None:
    large = keep(desk.sampling, 8, (1280, 720))
    path = desk.sampling.store.path_of(large)
    assert path is not None
    status, headers, body = desk.stand.ask(f"/api/samples/{large.id}/picture.jpg")
    assert (status, headers["content-type"], body) == (200, "image/jpeg", path.read_bytes())
    assert headers["cache-control"] == "no-store"
    small = desk.stand.ask(f"/api/samples/{large.id}/picture.jpg?width=320")[2]
    picture = cv2.imdecode(np.frombuffer(small, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    assert picture.shape == (180, 320, 3)
    assert desk.stand.ask(f"/api/samples/{large.id}/picture.jpg?width=99999")[0] == 400
    path.unlink()
    for name in (large.id, "nobody", "..%2Fledger", "%00", "a" * 200):
        assert desk.stand.ask(f"/api/samples/{name}/picture.jpg")[0] == 404


def test_deciding(desk: Desk) -> None:
    status, found = desk.decide("approve", 0, 1)
    assert (status, ids(found["done"]), found["late"]) == (200, desk.ids[:2], [])
    status, found = desk.decide("reject", 2, reason=f"{ODD}\n")
    assert (status, found["done"][0]["reason"], found["done"][0]["can_undo"]) == (200, ODD, True)
    assert desk.states() == ["approved", "approved", "refused", "kept", "kept"]
    assert desk.decide("undo", 0, 2)[0] == 200
    assert desk.states() == ["kept", "approved", "kept", "kept", "kept"]
    assert desk.decide("reject", 3)[1]["done"][0]["reason"] == "rejected"


def test_who_comes_second_is_told_so(desk: Desk) -> None:
    learn = Decisions(desk.sampling.store, SteppingClock())  # as `edgedet learn` makes one
    learn.reject(desk.ids[:1], "by hand")
    learn.sweep(everything=True)
    status, found = desk.decide("approve", 0, 1)
    assert (status, ids(found["done"]), ids(found["late"])) == (409, [desk.ids[1]], [desk.ids[0]])
    assert (found["late"][0]["state"], found["late"][0]["reason"]) == ("refused", "by hand")
    assert desk.decide("undo", 0)[0] == 409, "its picture is gone"
    assert desk.stand.post(DECISIONS, {"action": "approve", "ids": ["nobody"]}) == (
        409, {"done": [], "late": [], "unknown": ["nobody"]}
    )  # fmt: skip


NO_DECISIONS: tuple[object, ...] = (
    [], "x", {}, {"action": "delete", "ids": ["a"]}, {"action": "approve", "ids": []},
    {"action": "approve", "ids": "a"}, {"action": "approve", "ids": ["../a"]},
    {"action": "approve", "ids": [1]}, {"action": "approve", "ids": ["a"], "x": 1},
    {"action": "approve", "ids": ["a"] * 101}, {"action": "reject", "ids": ["a"], "reason": 1},
    {"action": "reject", "ids": ["a"], "reason": "x" * 201},
)  # fmt: skip


def test_a_body_that_is_no_decision_is_told(desk: Desk) -> None:
    for content in NO_DECISIONS:
        status, found = desk.stand.post(DECISIONS, content)
        assert (status, bool(found["error"])) == (400, True), content


def test_bodies_are_json_and_bounded(desk: Desk) -> None:
    body = json.dumps({"action": "reject", "ids": desk.ids}).encode()
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""):
        assert desk.stand.ask(DECISIONS, "POST", body, Content_Type=kind)[0] == 415
    json_type = {"Content_Type": "application/json"}
    assert desk.stand.ask(DECISIONS, "POST", b"x" * 20_000, **json_type)[0] == 413
    for wrong in (b"", b"{", b"\xff", b"[" * 16_000):
        assert desk.stand.ask(DECISIONS, "POST", wrong, **json_type)[0] == 400
    assert desk.states() == ["kept"] * 5


FOREIGN = (
    ({"Origin": "http://evil.example"}, 403),
    ({"Origin": "null"}, 403),
    ({"Sec_Fetch_Site": "cross-site"}, 403),
    ({"Sec_Fetch_Site": "same-site"}, 403),
    ({"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "navigate"}, 403),
    ({"Host": "evil.example"}, 421),
)


@pytest.mark.parametrize("path", [DECISIONS, "/api/sources/gate/keep"])
def test_other_sites_decide_nothing(desk: Desk, path: str) -> None:
    content = {"action": "reject", "ids": desk.ids}
    for headers, status in FOREIGN:
        assert desk.stand.post(path, content, **headers)[0] == status, headers
    assert desk.states() == ["kept"] * 5


def test_the_token_is_needed_to_look_and_to_decide(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text(TOKEN)
    desk = Desk(tmp_path, path)
    content = {"action": "approve", "ids": desk.ids}
    picture = f"/api/samples/{desk.ids[0]}/picture.jpg"
    for asked in ("/api/samples", picture):
        assert desk.stand.ask(asked)[0] == 401
    assert desk.stand.post(DECISIONS, content)[0] == 401
    assert desk.stand.post("/api/sources/gate/keep", {})[0] == 401
    assert desk.states() == ["kept"] * 5
    assert desk.stand.post(DECISIONS, content, Authorization=f"Bearer {TOKEN}")[0] == 200
    desk.close()


def test_a_frame_that_is_asked_for(desk: Desk) -> None:
    answers: list[tuple[int, Any]] = []
    asking = Worker("asks", lambda _: answers.append(desk.stand.post("/api/sources/gate/keep", {})))
    asking.start()
    sampler = desk.sampling._sampler
    taken = frame("gate", 3, at_s=1.0)
    while not answers:
        if sampler._requested:
            sampler.consider(seen(taken))
        asking.join(0.01)
    assert asking.join(WAIT_S)
    kept = desk.sampling.store.ledger.latest(1)[0]
    assert answers == [(200, {"id": kept.id})]
    assert kept.strategy == "operator"
    status, found = desk.stand.post("/api/sources/dock/keep", {})
    assert (status, "is stalled" in found["error"]) == (409, True)
    assert desk.stand.post("/api/sources/nobody/keep", {})[0] == 404


def test_without_sampling_it_says_so() -> None:
    stand = SiteStand()
    assert json.loads(stand.ask("/api/samples?limit=9")[2]) == {"enabled": False}
    assert stand.ask("/api/samples/a/picture.jpg")[0] == 404
    status, found = stand.post(DECISIONS, {"action": "approve", "ids": ["a"]})
    assert (status, "enables it" in found["error"]) == (400, True)
    status, found = stand.post("/api/sources/gate/keep", {})
    assert (status, "enables it" in found["error"]) == (409, True)
    stand.stop()


def test_a_ledger_that_cannot_be_read_is_told(desk: Desk) -> None:
    desk.sampling.store.ledger.close()
    status, _, body = desk.stand.ask("/api/samples")
    assert (status, "ledger" in json.loads(body)["error"]) == (503, True)
