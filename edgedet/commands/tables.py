"""What a person sees of a run: the live table, the line in a log, the summary."""

from urllib.parse import urlsplit

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from edgedet.event import SourceState
from edgedet.stream.stats import Percentiles, Stage
from edgedet.stream.view import Snapshot, SourceView

_COLOURS = {
    SourceState.LIVE: "green",
    SourceState.ENDED: "cyan",
    SourceState.DEGRADED: "yellow",
    SourceState.RECONNECTING: "yellow",
    SourceState.STALLED: "yellow",
}
_MAX_REASON = 100


def live_table(snapshot: Snapshot) -> RenderableType:
    """The table of all sources, with what is wrong and how to subscribe."""
    title = f"edgedet · {snapshot.backend or 'loading the model'}"
    table = _table(title)
    table.add_column("source", no_wrap=True)
    table.add_column("state", no_wrap=True)
    for heading in ("fps in", "fps detected", "p50 ms", "p99 ms", "objects", "dropped"):
        table.add_column(heading, justify="right", no_wrap=True)
    for view in snapshot.sources:
        status, figures = view.status, view.figures
        table.add_row(
            status.source_id,
            Text(status.state.value, style=_COLOURS.get(status.state, "red")),
            f"{status.fps_in:.1f}",
            f"{figures.fps:.1f}",
            *_latency(figures.latency),
            str(figures.objects),
            str(status.dropped),
        )
    notes = [_folding(line, "yellow") for line in _reasons(snapshot)]
    return Group(table, *notes, _folding(_how_to_subscribe(snapshot)))


def log_line(snapshot: Snapshot) -> str:
    """The same in one line, for logs."""
    parts = [
        f"{view.status.source_id} {view.status.state.value}"
        f" in {view.status.fps_in:.1f} detected {view.figures.fps:.1f} fps"
        f" p99 {view.figures.latency.p99_ms:.0f} ms dropped {view.status.dropped}"
        for view in snapshot.sources
    ]
    return "; ".join(parts)


def summary(snapshot: Snapshot) -> RenderableType:
    """What was done, and where the time went."""
    table = _table("summary")
    table.add_column("source", no_wrap=True)
    table.add_column("state", no_wrap=True)
    for title in ("decoded", "detected", "dropped", "objects", "p50 ms", "p99 ms"):
        table.add_column(title, justify="right", no_wrap=True)
    for view in snapshot.sources:
        table.add_row(*_summary_row(view))
    stages = ", ".join(
        f"{stage.value} {snapshot.stages[stage].p50_ms:.1f}/{snapshot.stages[stage].p99_ms:.1f}"
        for stage in Stage
    )
    rate = snapshot.frames / snapshot.uptime_s if snapshot.uptime_s > 0 else 0.0
    backend = snapshot.backend or "no backend"
    lines = [
        f"{snapshot.frames} frames in {snapshot.uptime_s:.1f} s ({rate:.1f} a second), {backend}",
        f"milliseconds by stage, p50/p99: {stages}",
        *_reasons(snapshot),
    ]
    return Group(table, *(Text(line) for line in lines))


def _folding(line: str, style: str = "") -> Text:
    """A line that goes on below where a live display, which cuts off, would end it."""
    return Text(line, style=style, no_wrap=False, overflow="fold")


def _table(title: str) -> Table:
    """An empty table, close enough for eight columns on a terminal of 80."""
    return Table(title=title, title_justify="left", box=SIMPLE_HEAD, padding=0)


def _summary_row(view: SourceView) -> tuple[str, ...]:
    status, figures = view.status, view.figures
    return (
        status.source_id,
        status.state.value,
        str(view.decoded),
        str(figures.detected),
        str(status.dropped),
        str(figures.objects_total),
        *_latency(figures.latency),
    )


def _latency(latency: Percentiles) -> tuple[str, str]:
    if not latency.count:
        return "-", "-"
    return f"{latency.p50_ms:.0f}", f"{latency.p99_ms:.0f}"


def _reasons(snapshot: Snapshot) -> list[str]:
    """What is wrong, one line each."""
    lines = []
    for view in snapshot.sources:
        reason, limit = view.status.reason, view.status.limit
        if not reason and limit is not None:
            reason = f"limited to {limit.fps:.1f} fps: {limit.reason}"
        if reason:
            text = reason if len(reason) <= _MAX_REASON else reason[:_MAX_REASON] + "…"
            lines.append(
                text if f"'{view.status.source_id}'" in text else f"{view.status.source_id}: {text}"
            )
    return lines


def _how_to_subscribe(snapshot: Snapshot) -> str:
    if not snapshot.broker_url:
        return "MQTT is off"
    parts = urlsplit(snapshot.broker_url)
    port = parts.port or (8883 if parts.scheme == "mqtts" else 1883)
    return (
        f"{snapshot.broker_url} is {snapshot.broker_state}; subscribe:\n"
        f"mosquitto_sub -h {parts.hostname} -p {port} -t '{snapshot.topics}' -v"
    )
