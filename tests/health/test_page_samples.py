"""Kept frames in a real browser: looked through, and decided about, by two at once."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from edgedet.sample.base import State
from edgedet.sample.decisions import Decisions
from edgedet.sampling import Sampling
from tests.health.browser import headless
from tests.health.figures import a_source, the_vitals
from tests.health.kept import ODD, a_sampling, keep
from tests.health.show import Show
from tests.sample.fakes import SteppingClock

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, ViewportSize

PHONE: "ViewportSize" = {"width": 390, "height": 844}
FIGURES = {"to_approve": 3, "to_send": 0, "looked_at": 900, "kept": 3, "similar": 1, "no_credit": 0,
           "missed": 0, "failed": 0, "dropped": 0, "trouble": ""}  # fmt: skip


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    with headless() as found:
        yield found


class SamplesShow(Show):
    """A page that looks at kept frames."""

    def __init__(self, browser: "Browser", folder: Path, number: int) -> None:
        self.sampling: Sampling = a_sampling(folder)
        self.ids = [keep(self.sampling, each, (640, 480)).id for each in range(number)]
        vitals = the_vitals(a_source("gate"), a_source("dock"), extra={"sampling": FIGURES})
        super().__init__(browser, vitals, sampling=self.sampling)

    def states(self) -> list[str]:
        return [each.state.value for each in self.sampling.store.ledger.samples()]

    def card(self, number: int) -> str:
        return f'[data-sample="{self.ids[number]}"]'

    def close(self) -> None:
        super().close()
        assert self.sampling.stop(20)


@pytest.fixture
def show(browser: "Browser", tmp_path: Path) -> Iterator[SamplesShow]:
    found = SamplesShow(browser, tmp_path, 3)
    yield found
    found.close()
    # a 409 is an answer; a browser calls it an error all the same
    assert [each for each in found.trouble if "409" not in each] == []


def wait_told(page: "Page", words: str) -> None:
    page.wait_for_selector(f".deciding .told:has-text('{words}')")


def test_what_waits_is_shown_with_boxes_and_reasons(show: SamplesShow) -> None:
    page = show.open()
    page.click("#to-samples")
    show.wait_for_picture(f"{show.card(2)} canvas")
    assert page.locator(".sample").count() == 3
    assert page.locator(".sample").first.get_attribute("data-sample") == show.ids[2], "newest first"
    assert "1 close to 0.35" in page.locator(show.card(0)).inner_text()
    assert "0 of 20 an hour" in page.locator(".summary").inner_text()
    page.wait_for_function("document.querySelector('#overview').hidden")
    assert show.stand.gallery.viewers == 0, "no live picture is encoded for nobody"
    show.keep_picture("samples-3")
    page.click(show.card(1))
    show.wait_for_picture(".large canvas")
    assert "person" in page.locator(".large .side").inner_text()
    assert "night, unsure" in page.locator(".large .side").inner_text()
    show.keep_picture("sample-large")


def test_keys_decide_and_go_on(show: SamplesShow) -> None:
    page = show.open("/#/samples")
    page.wait_for_selector(f"{show.card(2)}:focus")
    page.keyboard.press("a")
    wait_told(page, "1 approved")
    page.wait_for_selector(f"{show.card(1)}:focus")
    page.fill("[aria-label='Why it is rejected']", "too dark")
    page.keyboard.press("Enter")
    page.keyboard.press("r")
    wait_told(page, "1 rejected")
    assert show.states() == ["kept", "refused", "approved"]
    assert show.sampling.store.ledger.latest(2)[1].reason == "too dark"
    page.keyboard.press("u")
    wait_told(page, "1 waiting again")
    assert show.states() == ["kept", "kept", "approved"]
    page.keyboard.press("Enter")
    page.wait_for_selector(".large canvas")
    page.keyboard.press("ArrowRight")
    page.wait_for_selector(f".large:has-text('{show.ids[0]}')")
    page.keyboard.press("Escape")
    page.wait_for_selector(f"{show.card(0)}:focus")


def test_many_are_selected_at_once(show: SamplesShow) -> None:
    page = show.open("/#/samples")
    page.click(f"{show.card(2)} input")
    page.click(f"{show.card(0)} input", modifiers=["Shift"])
    page.click("button:has-text('Approve 3')")
    page.wait_for_selector("text=Nothing waits for you")
    assert show.states() == ["approved"] * 3
    page.click("button:has-text('Undo')")
    page.wait_for_selector(show.card(2))
    assert show.states() == ["kept"] * 3


def test_who_comes_second_is_told(show: SamplesShow) -> None:
    page = show.open("/#/samples")
    page.wait_for_selector(f"{show.card(2)}:focus")
    learn = Decisions(show.sampling.store, SteppingClock())
    learn.reject(show.ids[2:], "[b] by <i>hand</i>")
    learn.sweep(everything=True)
    page.keyboard.press("a")
    wait_told(page, "decided already: gate-0002 is refused ([b] by <i>hand</i>)")
    assert show.states() == ["kept", "kept", "refused"]
    Decisions(show.sampling.store, SteppingClock()).approve(show.ids[:1])
    page.wait_for_selector(f"{show.card(0)}.decided:has-text('approved')")  # by itself


def test_words_of_others_stay_words(show: SamplesShow) -> None:
    odd = keep(
        show.sampling, 9, strategy=ODD, why=ODD, tags=(ODD,), state=State.REFUSED, reason=ODD
    )
    page = show.open("/#/samples")
    page.select_option("[aria-label='Strategy']", ODD)
    page.select_option("[aria-label='Which samples']", "refused")
    page.wait_for_selector(f'[data-sample="{odd.id}"]')
    assert ODD in page.locator(f'[data-sample="{odd.id}"] .why').inner_text()
    assert ODD in page.locator(".summary").inner_text()
    page.keyboard.press("Enter")
    page.wait_for_selector(".large .list")
    assert page.locator(".large").inner_text().count(ODD) == 4
    assert page.locator("main img").count() == 0


def test_sixty_are_two_pages_wide_and_narrow(browser: "Browser", tmp_path: Path) -> None:
    show = SamplesShow(browser, tmp_path, 60)
    page = show.open("/#/samples")
    show.wait_for_picture(f"{show.card(59)} canvas")
    assert page.locator(".sample").count() == 48
    assert "48 of 60" in page.locator(".filters").inner_text()
    show.keep_picture("samples-60")
    page.set_viewport_size(PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    show.keep_picture("samples-60-narrow")
    page.click("text=Older →")
    page.wait_for_selector(show.card(0))
    assert page.locator(".sample").count() == 12
    page.click("text=← Newer")
    page.wait_for_selector(show.card(59))
    keep(show.sampling, 70)
    page.wait_for_selector("text=1 new: show")
    page.click("text=1 new: show")
    page.wait_for_selector('[data-sample="gate-0070"]')
    show.close()
    assert show.trouble == []


def test_without_sampling_the_page_says_how_to_have_it(browser: "Browser") -> None:
    show = Show(browser, the_vitals())
    page = show.open("/#/samples")
    page.wait_for_selector("pre:has-text('enabled: true')")
    show.keep_picture("samples-off")
    page.click("#to-sources")
    show.wait_for_picture("[data-source=gate] canvas")
    assert page.locator(".tile .keep").is_hidden()
    show.close()
    assert show.trouble == []


def test_a_frame_is_asked_for(show: SamplesShow) -> None:
    page = show.open("/#/source/gate")
    page.click("#source button:has-text('Keep this frame')")
    page.wait_for_selector("text=asking")
    show.sampling._sampler._answer("gate", show.ids[1])
    page.click("#source a:text-is('look')")
    page.wait_for_selector(f".large:has-text('{show.ids[1]}')")
