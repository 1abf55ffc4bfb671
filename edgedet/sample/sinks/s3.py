"""A bucket of S3, or of a store that speaks it (MinIO, Ceph): the only file that knows minio.

Objects: `<prefix><batch>/<id>.jpg`, and as pre-labels `<id>.txt` and `<id>.json` beside it. Writing
an object twice leaves one.
"""

import importlib
import io
from urllib.parse import urlsplit

from edgedet.config.sampling import S3Settings
from edgedet.errors import ConfigError
from edgedet.sample.base import (
    Parcel,
    Receipt,
    SinkBusyError,
    SinkClosedError,
    SinkRefusalError,
)
from edgedet.sample.picture import facts_text, label_text
from edgedet.sample.sinks.secret import hidden, read_secrets

_CLOSED = {
    *("AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "NoSuchBucket"),
    *("AuthorizationHeaderMalformed", "InvalidBucketName"),
}
_REFUSED = {"EntityTooLarge", "KeyTooLongError"}


class S3Sink:
    """A bucket."""

    def __init__(self, settings: S3Settings) -> None:
        """Import the library.

        Raises:
            ConfigError: if it is not installed.
        """
        try:
            self._minio = importlib.import_module("minio")
            self._urllib3 = importlib.import_module("urllib3")
        except ImportError as exc:
            msg = "sampling.sink: s3 needs a package; `pip install 'edgedet[s3]'`"
            raise ConfigError(msg, (msg,)) from exc
        self._settings = settings

    @property
    def target(self) -> str:
        """Endpoint and bucket."""
        return f"s3 {self._settings.endpoint}/{self._settings.bucket}"

    def upload(self, parcel: Parcel) -> Receipt:
        """Put the picture into the bucket.

        Raises:
            SinkRefusalError: it will never be taken.
            SinkBusyError: it may be taken later.
        """
        try:
            content = parcel.picture.read_bytes()
        except OSError as exc:
            msg = "its picture is gone"
            raise SinkRefusalError(msg) from exc
        name = f"{self._settings.prefix}{parcel.batch}/{parcel.sample.id}"
        self._put(f"{name}.jpg", content, "image/jpeg")
        return Receipt(name)

    def annotate(self, parcel: Parcel, remote_id: str) -> None:
        """Put label rows and facts beside it.

        Raises:
            SinkRefusalError: they will never be taken.
            SinkBusyError: they may be taken later.
        """
        text = label_text(parcel.sample.objects)
        facts = facts_text(parcel.sample, parcel.class_names, text)
        self._put(f"{remote_id}.txt", text.encode(), "text/plain; charset=utf-8")
        self._put(f"{remote_id}.json", facts.encode(), "application/json")

    def close(self) -> None:
        """Nothing is kept open between uploads."""

    def _put(self, name: str, content: bytes, kind: str) -> None:
        access_key, secret_key = read_secrets(self._settings.credentials_file, 2)
        parts = urlsplit(self._settings.endpoint)
        timeout = self._urllib3.Timeout(connect=10.0, read=self._settings.timeout_s)
        pool = self._urllib3.PoolManager(timeout=timeout, retries=False)
        client = self._minio.Minio(
            parts.netloc,
            access_key=access_key,
            secret_key=secret_key,
            secure=parts.scheme == "https",
            region=self._settings.region,
            http_client=pool,
        )
        try:
            client.put_object(
                self._settings.bucket, name, io.BytesIO(content), len(content), content_type=kind
            )
        except Exception as exc:  # noqa: BLE001 - the library raises its own, urllib3's and ValueError
            raise _translated(exc, secret_key) from None
        finally:
            pool.clear()


def _translated(exc: Exception, secret: str) -> Exception:
    """What the library raised, in the words of the protocol."""
    code = str(getattr(exc, "code", None) or "")
    told = hidden(f"{code or type(exc).__name__}", secret)
    if code in _CLOSED:
        return SinkClosedError(f"not let in ({told})")
    if code in _REFUSED:
        return SinkRefusalError(f"refused ({told})")
    return SinkBusyError(f"not reached, or busy ({told})")
