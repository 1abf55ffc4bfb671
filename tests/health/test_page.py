"""The page in a real browser: pictures, states, drawing; nothing asked for while nobody looks."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from edgedet.config.source import SourceSettings
from edgedet.event import SourceState
from edgedet.rollout.record import Record, State
from edgedet.rollout.report import rollout_figures
from tests.health.browser import headless
from tests.health.figures import a_source, the_vitals
from tests.health.show import Show
from tests.stream.fakes import wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ViewportSize

TOKEN = "0123456789abcdef0123"  # noqa: S105 - of these tests
PHONE: "ViewportSize" = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    with headless() as found:
        yield found


ROLLOUT = Record(
    state=State.ROLLED_BACK, serving="person-7", to="person-8", reason="it failed in use"
)


@pytest.fixture
def show(browser: "Browser") -> Iterator[Show]:
    odd = "<img src=x onerror=alert(1)> no route"
    stalled = a_source("dock", SourceState.STALLED, detected=0)
    status = stalled.status.__class__("dock", SourceState.STALLED, stalled.status.since, reason=odd)
    dock = a_source("dock", SourceState.STALLED, status=status)
    vitals = the_vitals(a_source("gate"), dock, extra={"rollout": rollout_figures(ROLLOUT, {})})
    found = Show(browser, vitals)
    yield found
    found.close()
    assert found.trouble == []


def test_pictures_states_and_figures(show: Show) -> None:
    page = show.open()
    show.wait_for_picture("[data-source=gate] canvas")
    page.wait_for_selector("text=1 source is not live")
    veil = page.locator("[data-source=dock] .veil")
    assert "stalled" in veil.inner_text()
    assert "<img src=x onerror=alert(1)> no route" in veil.inner_text(), "text stays text"
    assert page.locator("main img").count() == 0
    assert "14.8/25.0 fps" in page.locator("[data-source=gate] .numbers").inner_text()
    assert "connected" in page.locator("#broker").inner_text()
    model = page.locator("#model").inner_text()
    assert "openvino" in model
    assert "person-7" in model
    assert "rolled back: it failed in use" in model
    show.keep_picture("two")


def test_nothing_is_asked_for_when_nobody_looks(show: Show) -> None:
    page = show.open()
    show.wait_for_picture("[data-source=gate] canvas")
    assert show.stand.gallery.viewers == 1, "one connection for all sources"
    page.evaluate(
        """() => { Object.defineProperty(document, "hidden", { value: true, configurable: true });
          document.dispatchEvent(new Event("visibilitychange")); }"""
    )
    wait_until(lambda: show.stand.gallery.viewers == 0)
    before = show.stand.gallery.pictures
    time.sleep(0.05)
    assert show.stand.tap.listeners == []
    assert show.stand.gallery.pictures == before


def test_a_zone_drawn_with_the_mouse_is_a_valid_setting(show: Show) -> None:
    page = show.open()
    page.click("[data-source=gate]")
    show.wait_for_picture("#source canvas")
    page.click("text=Edit zones")
    page.click("text=Draw a zone")
    box = page.locator("#source canvas").bounding_box()
    assert box is not None
    area_width = min(box["width"], box["height"] * 64 / 48)  # the picture in its canvas
    left = box["x"] + (box["width"] - area_width) / 2
    height = area_width * 48 / 64
    top = box["y"] + (box["height"] - height) / 2
    corners = ((0.2, 0.2), (0.8, 0.25), (0.75, 0.8), (0.2, 0.2))
    for x, y in corners:
        page.mouse.click(left + x * area_width, top + y * height)
    page.locator(".shapes input").last.fill("yard-2")
    text = page.locator("pre").inner_text()
    (source,) = yaml.safe_load(text)
    settings = SourceSettings.model_validate({**source, "uri": "test://ball"})
    drawn = next(zone for zone in settings.zones if zone.name == "yard-2")
    assert len(drawn.points) == 3
    for point, corner in zip(drawn.points, corners, strict=False):
        assert point == pytest.approx(corner, abs=0.01)


def test_keys_draw_too_and_faults_are_told(show: Show) -> None:
    page = show.open("/#/source/gate")
    show.wait_for_picture("#source canvas")
    page.click("text=Edit zones")
    page.click("text=Draw a line")
    for key in ("Space", *["Shift+ArrowRight"] * 4, "Shift+ArrowDown", "Space"):
        page.keyboard.press(key)
    assert "points: [[0.5, 0.5], [0.7, 0.55]]" in page.locator("pre").inner_text()
    page.locator(".shapes input").last.fill("Not A Slug")
    page.wait_for_selector("text=a name has small letters, digits, - and _")
    assert page.locator("button:text-is('Copy')").is_disabled()


def test_sixteen_sources_on_a_telephone(browser: "Browser") -> None:
    show = Show(browser, the_vitals(*(a_source(f"cam-{number}") for number in range(16))))
    show.page.set_viewport_size(PHONE)
    page = show.open()
    show.wait_for_picture("[data-source=cam-0] canvas")
    assert page.locator(".tile").count() == 16
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    page.locator("[data-source=cam-15]").scroll_into_view_if_needed()
    show.wait_for_picture("[data-source=cam-15] canvas")
    assert show.stand.gallery.viewers == 1
    page.set_viewport_size({"width": 1440, "height": 900})
    page.evaluate("scrollTo(0, 0)")
    show.wait_for_picture("[data-source=cam-5] canvas")
    show.keep_picture("sixteen")
    show.close()
    assert show.trouble == []


def test_people_log_in_first_where_there_is_a_token(browser: "Browser", tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text(TOKEN)
    show = Show(browser, the_vitals(), path)
    page = show.open()
    page.fill("#token", "not the token at all")
    page.click("text=Log in")
    page.wait_for_selector("text=That is not the token")
    page.fill("#token", TOKEN)
    page.click("button")
    show.wait_for_picture("[data-source=gate] canvas")
    show.close()
