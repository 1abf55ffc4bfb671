"""The user name and password of a camera, read anew at each opening so that they may be changed."""

from edgedet.config.source import SourceSettings
from edgedet.errors import SourceError
from edgedet.files import read_secret
from edgedet.source.uri import Credentials, parse_uri


def credentials_of(settings: SourceSettings) -> Credentials | None:
    """What the settings say, else what the address says; None where there are none.

    Raises:
        SourceError: if the password file cannot be read.
    """
    given = parse_uri(settings.uri).credentials
    username = settings.username or (given.username if given else None)
    if username is None:
        return None
    if settings.password_file is None:
        return Credentials(username, given.password if given else "")
    try:
        text = read_secret(settings.password_file).decode()
    except (OSError, UnicodeDecodeError) as exc:
        why = exc.strerror if isinstance(exc, OSError) else None
        raise _unusable(settings, why or "it is no text") from exc
    password = text.partition("\n")[0].rstrip("\r")
    if "\0" in password:  # GStreamer would take what is before it
        raise _unusable(settings, "it holds a NUL character")
    return Credentials(username, password)


def _unusable(settings: SourceSettings, why: str) -> SourceError:
    return SourceError(
        f"source '{settings.id}': cannot use password_file '{settings.password_file}' ({why});"
        " expected a text file with the password on its first line"
    )
