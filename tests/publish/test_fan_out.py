"""Several sinks behind one."""

from pathlib import Path

import pytest

from edgedet.errors import PublishError
from edgedet.publish.fan_out import FanOut
from edgedet.publish.identity import Origin
from edgedet.publish.jsonl import JsonLinesSink
from tests.publish.conftest import CLOCK, make_counts, make_event, make_result, make_status


def test_every_sink_gets_everything(origin: Origin, tmp_path: Path) -> None:
    paths = [tmp_path / "a.jsonl", tmp_path / "b.jsonl"]
    sink = FanOut([JsonLinesSink(path, origin, CLOCK) for path in paths], CLOCK)
    sink.publish_status(make_status())
    sink.publish_event(make_event())
    sink.publish_counts(make_counts())
    sink.publish(make_result())

    assert sink.wait_for_room(0)
    assert sink.flush(0) == 0
    sink.close(0)

    assert [len(path.read_text(encoding="utf-8").splitlines()) for path in paths] == [1, 1]


def test_failed_sink_does_not_stop_the_others(
    origin: Origin, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "good.jsonl"
    full = JsonLinesSink(Path("/dev/full"), origin, CLOCK)
    sink = FanOut([full, JsonLinesSink(path, origin, CLOCK)], CLOCK)
    for seq in range(3):
        sink.publish(make_result(seq))

    assert sink.flush(0) == 3
    sink.close(0)

    assert len(path.read_text(encoding="utf-8").splitlines()) == 3
    assert caplog.text.count("/dev/full") == 1


def test_raises_when_none_is_left(origin: Origin) -> None:
    sink = FanOut([JsonLinesSink(Path("/dev/full"), origin, CLOCK)], CLOCK)

    with pytest.raises(PublishError, match="/dev/full"):
        sink.publish(make_result())

    sink.close(0)
