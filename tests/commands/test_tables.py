"""What a person sees."""

import io
from dataclasses import replace
from datetime import datetime, timezone

import pytest
from rich.console import Console, RenderableType
from rich.live import Live

from edgedet.commands.tables import live_table, log_line, summary
from edgedet.event import SourceLimit, SourceState, SourceStatus
from edgedet.stream.feeder import Outcome
from edgedet.stream.stats import Percentiles, SourceFigures, Stage
from edgedet.stream.view import Snapshot, SourceView

SINCE = datetime(2026, 5, 4, tzinfo=timezone.utc)
LATENCY = Percentiles(21.4, 48.6, 100)


def _view(name: str, state: SourceState, reason: str = "") -> SourceView:
    status = SourceStatus(name, state, SINCE, fps_in=25.04, dropped=3, reason=reason)
    figures = SourceFigures(name, 100, 24.96, LATENCY, 5, 512)
    return SourceView(status, 103, figures, Outcome.RUNNING)


def _snapshot(*views: SourceView, url: str = "mqtt://127.0.0.1:1883") -> Snapshot:
    stages = dict.fromkeys(Stage, LATENCY)
    return Snapshot(views, stages, "fake", 10.0, 200, url, "connected", "edgedet/v1/#")


def _text(renderable: RenderableType, width: int = 120) -> str:
    console = Console(width=width, record=True, file=None)
    with console.capture() as capture:
        console.print(renderable)
    return capture.get()


def test_live_table_has_every_figure_and_how_to_subscribe() -> None:
    text = _text(live_table(_snapshot(_view("gate", SourceState.LIVE))))
    row = next(line for line in text.splitlines() if "gate" in line)
    assert row.split() == ["gate", "live", "25.0", "25.0", "21", "49", "5", "3"]
    assert "mosquitto_sub -h 127.0.0.1 -p 1883 -t 'edgedet/v1/#' -v" in text


@pytest.mark.parametrize(
    ("url", "how"),
    [
        ("mqtt://broker.example", "-h broker.example -p 1883"),
        ("mqtts://broker.example", "-h broker.example -p 8883"),
        ("mqtts://broker.example:9999", "-h broker.example -p 9999"),
        ("mqtt://[::1]:1884", "-h ::1 -p 1884"),
        ("", "MQTT is off"),
    ],
)
def test_says_how_to_subscribe(url: str, how: str) -> None:
    assert how in _text(live_table(_snapshot(_view("gate", SourceState.LIVE), url=url)))


def test_says_what_is_wrong_with_a_source() -> None:
    view = _view("gate", SourceState.RECONNECTING, "no connection")
    for renderable in (live_table(_snapshot(view)), summary(_snapshot(view))):
        assert "gate: no connection" in _text(renderable)


def test_log_line_has_a_part_for_each_source() -> None:
    line = log_line(_snapshot(_view("gate", SourceState.LIVE), _view("dock", SourceState.STALLED)))
    assert line == (
        "gate live in 25.0 detected 25.0 fps p99 49 ms dropped 3; "
        "dock stalled in 25.0 detected 25.0 fps p99 49 ms dropped 3"
    )


def test_summary_has_counts_and_stages() -> None:
    text = _text(summary(_snapshot(_view("gate", SourceState.ENDED))))
    assert "200 frames in 10.0 s (20.0 a second), fake" in text
    assert "infer 21.4/48.6" in text
    row = next(line for line in text.splitlines() if "gate" in line)
    assert row.split() == ["gate", "ended", "103", "100", "3", "512", "21", "49"]


def test_nothing_is_cut_off_on_a_terminal_of_80_columns() -> None:
    snapshot = _snapshot(_view("street-rtsp", SourceState.RECONNECTING))
    for renderable in (live_table(snapshot), summary(snapshot)):
        assert "…" not in _text(renderable, width=80)


def test_a_live_display_shows_long_lines_to_their_end() -> None:
    out = io.StringIO()
    console = Console(soft_wrap=True, width=40, file=out, force_terminal=True, color_system=None)
    view = _view("gate", SourceState.RECONNECTING, "no connection to a camera far away: check it")
    with Live(live_table(_snapshot(view)), console=console, auto_refresh=False) as live:
        live.refresh()
    shown = out.getvalue().replace("\n", "")
    assert "far away: check it" in shown
    assert "mosquitto_sub -h 127.0.0.1 -p 1883 -t 'edgedet/v1/#' -v" in shown


def test_says_what_a_source_is_limited_to() -> None:
    view = _view("gate", SourceState.LIVE)
    limit = SourceLimit(7.26, "the detector answers 20.0 images/s, cameras ask for 52.0")
    limited = replace(view, status=replace(view.status, limit=limit))
    expected = "gate: limited to 7.3 fps: the detector answers 20.0 images/s, cameras ask for 52.0"
    assert expected in _text(live_table(_snapshot(limited)))
