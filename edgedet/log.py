"""Logging set up once by the command line, without secrets, and quiet when trouble repeats."""

import logging
import re
import threading

from edgedet.clock import Clock

# To the last @ of the word: a password with a bare /, ? or # must not end what is hidden. A host
# is hidden too where its path holds an @, which is the lesser harm.
_USERINFO = re.compile(r"://\S*@")
_SECRET = re.compile(
    r"(?i)(api_key|token|password|passwd|pass|pwd|secret)=(?:\"[^\"\n]*\"|'[^'\n]*')?[^&\s]*"
)


def redact(text: str) -> str:
    """`text` with the credentials of every URL and the value of every `password=` as `***`.

    >>> redact("cannot open rtsp://admin:p@ss@10.0.0.5/stream1?token=abc")
    'cannot open rtsp://***@10.0.0.5/stream1?token=***'
    """
    return _SECRET.sub(r"\1=***", _USERINFO.sub("://***@", text))


class RedactingFormatter(logging.Formatter):
    """A formatter after which no URL has credentials, tracebacks included."""

    def format(self, record: logging.LogRecord) -> str:
        """The finished line, redacted."""
        return redact(super().format(record))


def configure(level: str = "INFO") -> None:
    """Send the log to standard error, one redacted line a record."""
    handler = logging.StreamHandler()
    handler.setFormatter(RedactingFormatter("%(asctime)s %(levelname)-7s %(name)s: %(message)s"))
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
