"""Logging set up once by the command line, without secrets, and quiet when trouble repeats."""

import logging
import re
import threading
from urllib.parse import urlsplit, urlunsplit

from edgedet.clock import Clock

_USERINFO = re.compile(r"(?P<scheme>[a-zA-Z][a-zA-Z0-9+.-]*://)[^/\s?#]*@")
_QUERY_SECRET = re.compile(r"(?i)\b(api_key|token|password|pass|pwd|secret)=[^&\s\"']+")


def redact(text: str) -> str:
    """`text` with the credentials of every URL in it replaced by `***`.

    >>> redact("cannot open rtsp://admin:p@ss@10.0.0.5/stream1?token=abc")
    'cannot open rtsp://***@10.0.0.5/stream1?token=***'
    """
    return _QUERY_SECRET.sub(r"\1=***", _USERINFO.sub(r"\g<scheme>***@", text))


def strip_credentials(url: str) -> str:
    """`url` without user name and password.

    >>> strip_credentials("rtsp://admin:secret@10.0.0.5:554/stream1")
    'rtsp://10.0.0.5:554/stream1'
    """
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


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
        self._logger.warning(message + suffix, *args)
