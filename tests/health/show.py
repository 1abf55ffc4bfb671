"""A site whose sources all move, in a real browser."""

from pathlib import Path
from typing import TYPE_CHECKING

from edgedet.health.base import Vitals
from edgedet.sampling import Sampling
from edgedet.stream.worker import StopSignal, Worker
from tests.health.site_stand import SiteStand
from tests.rules.tree import ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

SHOTS = ROOT / "build" / "page"  # not in git


class Show:
    """A site whose sources all move, and a page that looks at it."""

    def __init__(
        self,
        browser: "Browser",
        vitals: Vitals,
        token_file: Path | None = None,
        sampling: Sampling | None = None,
    ) -> None:
        self.stand = SiteStand(token_file, vitals, sampling=sampling)
        self.names = [source.status.source_id for source in vitals.sources]
        self.trouble: list[str] = []
        self.moving = Worker("moving", self._move)
        self.moving.start()
        self.page: Page = browser.new_page(viewport={"width": 1280, "height": 800})
        self.page.set_default_timeout(20_000)
        self.page.on("pageerror", lambda error: self.trouble.append(str(error)))
        self.page.on(
            "console",
            lambda message: self.trouble.append(message.text) if message.type == "error" else None,
        )

    def open(self, path: str = "/") -> "Page":
        self.page.goto(f"{self.stand.server.url}{path}")
        return self.page

    def wait_for_picture(self, selector: str) -> None:
        """Until the upper left of the picture is white, as in every frame."""
        self.page.wait_for_function(
            """selector => { const canvas = document.querySelector(selector);
              if (!canvas?.width) return false;
              const pixel = canvas.getContext("2d").getImageData(
                canvas.width * 0.3, canvas.height * 0.3, 1, 1).data;
              return pixel[0] > 200 && pixel[3] === 255; }""",
            arg=selector,
        )

    def keep_picture(self, name: str) -> None:
        """Keep a picture of the page, to be looked at."""
        SHOTS.mkdir(parents=True, exist_ok=True)
        # told a path, Playwright would write it on a thread that stays
        (SHOTS / f"{name}.png").write_bytes(self.page.screenshot(full_page=True))

    def close(self) -> None:
        self.page.close()
        assert self.moving.stop(20)
        self.stand.stop()

    def _move(self, stop: StopSignal) -> None:
        seq = 0
        while not stop.wait(0.05):
            seq += 1
            for name in self.names:
                self.stand.tap.show(name, seq)
