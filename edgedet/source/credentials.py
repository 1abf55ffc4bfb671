"""The user name and password of a camera, read anew at each opening so that they may be changed."""

from edgedet.config.source import SourceSettings
from edgedet.errors import SourceError
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
        text = settings.password_file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        msg = (
            f"source '{settings.id}': cannot read password_file '{settings.password_file}' ({exc});"
            " expected a text file with the password on its first line"
        )
        raise SourceError(msg) from exc
    return Credentials(username, text.partition("\n")[0].rstrip("\r"))
