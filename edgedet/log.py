"""Logging set up once by the command line, without secrets, and quiet when trouble repeats."""

import logging
import re
import threading

from edgedet.clock import Clock

_WORD = re.compile(r"\S+")
_SECRET = re.compile(
    r"(?i)(api_key|token|password|passwd|pass|pwd|secret)=(?:\"[^\"\n]*\"|'[^'\n]*')?[^&\s]*"
)

# of syslog, by the least level of logging
_PRIORITIES = (
    (logging.CRITICAL, 2),
    (logging.ERROR, 3),
    (logging.WARNING, 4),
    (logging.INFO, 6),
    (logging.NOTSET, 7),
)


def redact(text: str) -> str:
    """`text` with the credentials of every URL and the value of every `password=` as `***`.

    >>> redact("cannot open rtsp://admin:p@ss@10.0.0.5/stream1?token=abc")
    'cannot open rtsp://***@10.0.0.5/stream1?token=***'
    """
    if "://" in text:
        text = _WORD.sub(_without_userinfo, text)
    return _SECRET.sub(r"\1=***", text)


def _without_userinfo(word: re.Match[str]) -> str:
    """The word, and what is between its first `://` and its last `@` as `***`.

    To the last: a password with a bare /, ? or # must not end what is hidden. A host is hidden too
    where its path holds an @, which is the lesser harm. One pattern for both would try every `://`
    of a word with every `@`, which takes a minute for a word of 256 kB.
    """
    before, mark, rest = word[0].partition("://")
    _, at, after = rest.rpartition("@")
    return f"{before}{mark}***@{after}" if at else word[0]


class RedactingFormatter(logging.Formatter):
    """A formatter after which no URL has credentials, tracebacks included."""

    def format(self, record: logging.LogRecord) -> str:
        """The finished line, redacted."""
        return redact(super().format(record))


class JournalFormatter(RedactingFormatter):
    """Lines for systemd's journal: each with its priority, without the time it adds itself.

    Source: sd-daemon(3), the prefixes `<0>` to `<7>`.
    """

    def format(self, record: logging.LogRecord) -> str:
        """The finished lines; the journal takes each for an entry of its own."""
        priority = next(number for least, number in _PRIORITIES if record.levelno >= least)
        lines = super().format(record).splitlines() or [""]
        return "\n".join(f"<{priority}>{line}" for line in lines)


def configure(level: str = "INFO", *, to_journal: bool = False) -> None:
    """Send the log to standard error, redacted; `to_journal`: in the journal's form."""
    handler = logging.StreamHandler()
    if to_journal:
        handler.setFormatter(JournalFormatter("%(name)s: %(message)s"))
    else:
        form = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"
        handler.setFormatter(RedactingFormatter(form))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())


class RateLimited:
    """Logs repeated trouble at most once in `interval_s` for each key, with the number left out."""

    def __init__(self, logger: logging.Logger, clock: Clock, interval_s: float = 1.0) -> None:
        """Report through `logger`."""
        self._logger = logger
        self._clock = clock
        self._interval_s = interval_s
        self._lock = threading.Lock()  # guards _seen
        self._seen: dict[str, tuple[float, int]] = {}

    def warning(self, key: str, message: str, *args: object) -> None:
        """Log `message` as a warning, unless `key` was logged less than the interval ago."""
        now_s = self._clock.monotonic()
        with self._lock:
            last_s, suppressed = self._seen.get(key, (float("-inf"), 0))
            if now_s - last_s < self._interval_s:
                self._seen[key] = (last_s, suppressed + 1)
                return
            self._seen[key] = (now_s, 0)
        suffix = f" ({suppressed} more since)" if suppressed else ""
        line = message + suffix
        self._logger.warning(line, *args)
