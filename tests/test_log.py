"""A log without secrets, and quiet when trouble repeats."""

import io
import logging
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgedet.log import JournalFormatter, RateLimited, RedactingFormatter, configure, redact

# everything that may stand in one word; the marker makes a leak visible whatever stands around it
ODD = st.text(st.characters(exclude_categories=["Z", "C"]), max_size=12) | st.text(
    "/?#@:&=%\"'", max_size=8
)
MARKER = "hunter2"


class SteppedClock:
    """A clock that moves when told."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def monotonic(self) -> float:
        return self.now_s

    def utc_now(self) -> datetime:
        return datetime.now(timezone.utc)


@pytest.fixture
def logger() -> Iterator[logging.Logger]:
    logger = logging.getLogger("tests.log")
    yield logger
    logger.handlers.clear()


@given(ODD, ODD, st.sampled_from(["rtsp", "rtsps", "mqtt", "http", "x-y.z+1"]))
def test_no_character_of_a_password_ends_what_is_hidden(left: str, right: str, scheme: str) -> None:
    url = f"{scheme}://user:{left}{MARKER}{right}@10.0.0.5/stream1"

    assert redact(f"cannot open {url} now") == f"cannot open {scheme}://***@10.0.0.5/stream1 now"


@given(ODD, ODD)
def test_names_are_hidden_with_the_password(left: str, right: str) -> None:
    assert MARKER not in redact(f"rtsp://{left}{MARKER}{right}@host/path")


@given(ODD, ODD)
def test_twice_is_once(left: str, right: str) -> None:
    once = redact(f"{left}://u:{MARKER}@{right} token={left}{MARKER}")

    assert redact(once) == once


def test_a_long_word_without_an_end_costs_no_more_than_its_length() -> None:
    text = "://" * 100_000
    start_s = time.monotonic()
    assert redact(text) == text
    assert redact(f"{text}me@h") == "://***@h"
    assert time.monotonic() - start_s < 5


def test_every_url_of_a_line_is_redacted() -> None:
    text = "mqtt://a:b@h1, then rtsp://user:pa/ss?x#y@host/path"

    assert redact(text) == "mqtt://***@h1, then rtsp://***@host/path"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("http://h/x?a=1&token=abc&b=2", "http://h/x?a=1&token=***&b=2"),
        ("api_key=abc def", "api_key=*** def"),
        ("Password='a b' x", "Password=*** x"),
        ('mqtt_password="a b" x', "mqtt_password=*** x"),
    ],
)
def test_values_that_are_called_secret_are_hidden(text: str, expected: str) -> None:
    assert redact(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "no frame from rtsp://10.0.0.5:554/stream1?channel=2 for 12.0 s",
        "ask admin@example.com about mqtt://broker:1883",
        "file:///srv/clips/dock.avi",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redact(text) == text


def test_arguments_and_tracebacks_are_redacted_too(logger: logging.Logger) -> None:
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(RedactingFormatter("%(message)s"))
    logger.addHandler(handler)
    try:
        raise OSError(f"rtsp://u:{MARKER}@h refused")  # noqa: EM102, TRY301 - the point
    except OSError:
        logger.exception("cannot open %s", f"rtsp://u:{MARKER}/x@h/s")

    assert MARKER not in out.getvalue()
    assert "cannot open rtsp://***@h/s\nTraceback" in out.getvalue()
    assert "OSError: rtsp://***@h refused" in out.getvalue()


def test_configuring_twice_logs_once(capsys: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        configure("debug")
        configure("info")
        logging.getLogger("edgedet.x").info("opened rtsp://u:%s@h", MARKER)
        logging.getLogger("edgedet.x").debug("too much")
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)

    captured = capsys.readouterr()
    assert captured.err.count("\n") == 1
    assert captured.err.endswith("INFO    edgedet.x: opened rtsp://***@h\n")
    assert captured.out == ""


def test_repeated_trouble_is_logged_once_an_interval_with_a_count(
    logger: logging.Logger, caplog: pytest.LogCaptureFixture
) -> None:
    clock = SteppedClock()
    reporter = RateLimited(logger, clock, interval_s=1.0)
    for _ in range(4):
        reporter.warning("gate", "no frame for %.1f s", 2.0)
        clock.now_s += 0.25
    reporter.warning("gate", "no frame for %.1f s", 3.0)
    clock.now_s += 1.0
    reporter.warning("gate", "no frame for %.1f s", 4.0)

    assert caplog.messages == [
        "no frame for 2.0 s",
        "no frame for 3.0 s (3 more since)",
        "no frame for 4.0 s",
    ]


def test_one_trouble_does_not_hide_another(
    logger: logging.Logger, caplog: pytest.LogCaptureFixture
) -> None:
    reporter = RateLimited(logger, SteppedClock())
    reporter.warning("gate", "gate")
    reporter.warning("dock", "dock")

    assert caplog.messages == ["gate", "dock"]


def test_none_is_lost_or_counted_twice_between_threads(
    logger: logging.Logger, caplog: pytest.LogCaptureFixture
) -> None:
    clock = SteppedClock()
    reporter = RateLimited(logger, clock)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: reporter.warning("gate", "trouble"), range(400)))
    clock.now_s += 1.0
    reporter.warning("gate", "trouble")

    assert caplog.messages == ["trouble", "trouble (399 more since)"]


@pytest.mark.parametrize(
    ("level", "prefix"),
    [("DEBUG", "<7>"), ("INFO", "<6>"), ("WARNING", "<4>"), ("ERROR", "<3>"), ("CRITICAL", "<2>")],
)
def test_every_line_for_the_journal_has_its_priority(level: str, prefix: str) -> None:
    number = logging.getLevelName(level)
    text = "first rtsp://u:pw@host/1\n<0>forged"
    record = logging.LogRecord("edgedet.x", number, __file__, 1, text, None, None)

    lines = JournalFormatter("%(name)s: %(message)s").format(record).split("\n")

    assert lines == [f"{prefix}edgedet.x: first rtsp://***@host/1", f"{prefix}<0>forged"]
