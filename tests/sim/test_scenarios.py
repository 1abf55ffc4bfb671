"""The scenarios that come with edgedet: a handful, and all of them where there is time."""

from collections.abc import Sequence

import pytest

from edgedet.commands.sim.play import load_all, play_all
from edgedet.errors import SimError
from edgedet.sim.library import shipped
from edgedet.sim.play.report import Report
from tests.brokers import MOSQUITTO

HANDFUL = (
    "broker-311-only", "broker-killed", "camera-freezes", "camera-stalls", "camera-wrong-password",
    "device-killed",
)  # fmt: skip
OTHERS = tuple(path.stem for path in shipped() if path.stem not in HANDFUL)

pytestmark = [
    pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is not installed"),
    pytest.mark.timeout(900),
]


def _play(names: Sequence[str], jobs: int) -> dict[str, Report]:
    reports: list[Report] = []
    play_all(load_all(names), None, jobs, reports.append)
    return {report.scenario: report for report in reports}


@pytest.fixture(scope="module")
def handful() -> dict[str, Report]:
    """Played side by side: they wait more than they work."""
    return _play(HANDFUL, jobs=len(HANDFUL))


@pytest.mark.parametrize("name", HANDFUL)
def test_scenario(name: str, handful: dict[str, Report]) -> None:
    assert handful[name].has_passed, handful[name].to_text()


@pytest.mark.slow
@pytest.mark.parametrize("name", OTHERS)
def test_other_scenario(name: str) -> None:
    try:
        (report,) = _play([name], jobs=1).values()
    except SimError as exc:  # a small disk needs the right to mount one
        pytest.skip(str(exc))
    assert report.has_passed, report.to_text()
