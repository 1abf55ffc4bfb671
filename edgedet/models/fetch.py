"""A bundle from where it was put: a folder, an archive, or the address of either.

Downloads go on where they stopped. What came is compared with the manifest's digests by whoever
installs it, so that nothing here needs to be trusted.
"""

import hashlib
import http.client
import shutil
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import quote, unquote, urlsplit

from edgedet.errors import ModelError
from edgedet.files import read_plain
from edgedet.log import redact
from edgedet.manifest import MANIFEST_FILE, file_entry, read_bundle
from edgedet.models.archive import MAX_BYTES, check_room, is_archive, unpack
from edgedet.models.patience import Check, patient_handlers
from edgedet.paths import problem_of_file, problem_of_folder

SIGNATURE_FILE = f"{MANIFEST_FILE}.sig"

Progress = Callable[[str, int], None]
"""Told what is being fetched, and how many bytes of it are here; what it raises ends the fetch."""
Allows = Callable[[str], bool]
"""Whether an address may be asked, be it that a server sends us there."""

_CHUNK_BYTES = 1 << 18
_TIMEOUT_S = 30.0
_TRIES = 4
_MAX_VERSION_BYTES = 1024
_UNPACKED = "unpacked"


def _silent(_what: str, _count: int) -> None:
    """The progress of a download that nobody watches."""


def _anywhere(_url: str) -> bool:
    """For what the operator of the machine asks for."""
    return True


def fetch(
    source: str, incoming: Path, progress: Progress = _silent, allows: Allows = _anywhere
) -> Path:
    """The folder in which the bundle of `source` now lies, in or outside `incoming`.

    `source`: a folder, an archive (.zip, .tar, .tar.gz), or the http or https address of an
    archive or of a folder with a manifest. `incoming` keeps what was fetched of an interrupted
    download. A server that sends us elsewhere is followed where `allows` says so.

    Raises:
        ModelError: if it cannot be had, or is no bundle.
    """
    scheme = urlsplit(source).scheme
    if scheme in ("http", "https"):
        return _download(source, incoming, _Terms(progress, allows))
    if len(scheme) > 1:  # one letter is a drive
        msg = f"'{redact(source)}' is no place for a bundle; expected a folder, archive or http(s)"
        raise ModelError(msg)
    path = Path(source)
    if not problem_of_folder(path):
        return path
    if not problem_of_file(path) and is_archive(path.name):
        return unpack(path, _fresh(_place(source, incoming) / _UNPACKED))
    msg = f"there is no bundle at '{source}'; expected a folder or an archive (.zip, .tar, .tar.gz)"
    raise ModelError(msg)


def forget(source: str, incoming: Path) -> None:
    """Remove what was fetched of `source`, or unpacked of it."""
    shutil.rmtree(_place(source, incoming), ignore_errors=True)


@dataclass(frozen=True, slots=True)
class _Terms:
    """What holds for every file of a download."""

    progress: Progress
    allows: Allows


def _opener(allows: Allows, check: Check) -> urllib.request.OpenerDirector:
    class Redirects(urllib.request.HTTPRedirectHandler):
        def redirect_request(  # noqa: PLR0913 - as the library has it
            self,
            req: urllib.request.Request,
            fp: IO[bytes],
            code: int,
            msg: str,
            headers: http.client.HTTPMessage,
            newurl: str,
        ) -> urllib.request.Request | None:
            is_web = urlsplit(newurl).scheme in ("http", "https")
            if not is_web or not allows(newurl):
                told = f"{redact(req.full_url)} sends us to {redact(newurl)}, which is not allowed"
                raise ModelError(told)
            return super().redirect_request(req, fp, code, msg, headers, newurl)

    return urllib.request.build_opener(Redirects, *patient_handlers(check))


def _download(url: str, incoming: Path, terms: _Terms) -> Path:
    place = _place(url, incoming)
    place.mkdir(parents=True, exist_ok=True)
    name = unquote(urlsplit(url).path.rpartition("/")[2])
    if is_archive(name):
        archive = place / f"archive{''.join(Path(name).suffixes[-2:]).lower()}"
        _download_file(url, archive, terms)
        try:
            return unpack(archive, _fresh(place / _UNPACKED))
        except ModelError:
            archive.unlink()  # a damaged one must not be gone on with
            raise
    base = url.removesuffix(MANIFEST_FILE).rstrip("/") + "/"
    folder = place / "bundle"
    folder.mkdir(exist_ok=True)
    (folder / MANIFEST_FILE).unlink(missing_ok=True)  # it may have changed
    _download_file(base + MANIFEST_FILE, folder / MANIFEST_FILE, terms)
    for entry in read_bundle(folder).manifest.files:
        target = folder / entry.path
        if target.is_file() and file_entry(folder, entry.path) == entry:
            continue
        target.unlink(missing_ok=True)
        target.parent.mkdir(parents=True, exist_ok=True)
        _download_file(base + quote(entry.path), target, terms, entry.size_bytes)
    try:
        _download_file(base + SIGNATURE_FILE, folder / SIGNATURE_FILE, terms, 1024)
    except ModelError:
        (folder / SIGNATURE_FILE).unlink(missing_ok=True)  # whether one is needed is asked later
    return folder


def _place(url: str, incoming: Path) -> Path:
    return incoming / hashlib.sha256(url.encode()).hexdigest()[:16]


def _download_file(url: str, target: Path, terms: _Terms, max_bytes: int = MAX_BYTES) -> None:
    """`url` as `target`, going on with what an earlier try left in `target.part`."""
    part = target.with_name(target.name + ".part")
    shown = redact(url)
    for attempt in range(1, _TRIES + 1):
        try:
            _append(url, part, terms, max_bytes)
        except urllib.error.HTTPError as exc:  # noqa: PERF203 - a try each
            exc.close()
            msg = f"cannot fetch {shown}: the server says {exc.code} {exc.reason}"
            raise ModelError(msg) from exc
        except (OSError, http.client.HTTPException) as exc:
            if attempt == _TRIES:
                reason = getattr(exc, "reason", None) or getattr(exc, "strerror", None) or exc
                msg = f"cannot fetch {shown} ({reason}); what is here is kept, try again later"
                raise ModelError(msg) from exc
        else:
            part.replace(target)
            _mark_of(part).unlink(missing_ok=True)
            return


def _append(url: str, part: Path, terms: _Terms, max_bytes: int) -> None:
    """Fetch what is missing of `part`; raises when the connection ends before it is whole."""
    have = _size_of(part)
    request = urllib.request.Request(url)  # noqa: S310 - http(s) only, checked by the caller
    mark = _mark_of(part)
    if have:
        request.add_header("Range", f"bytes={have}-")
        if version := _version(mark):  # if it is another file by now, all of it is sent
            request.add_header("If-Range", version)
    name = url.rpartition("/")[2]
    opener = _opener(terms.allows, lambda: terms.progress(name, _size_of(part)))
    try:
        response = opener.open(request, timeout=_TIMEOUT_S)
    except urllib.error.HTTPError as exc:
        if exc.code == http.client.REQUESTED_RANGE_NOT_SATISFIABLE and have:
            exc.close()  # it is whole already, or another one: its digest will tell
            return
        raise
    with response, part.open("ab" if response.status == http.client.PARTIAL_CONTENT else "wb") as f:
        _remember(response, mark)
        length = response.length  # of what is to come; None: nobody says
        expected = None if length is None else f.tell() + length
        while chunk := response.read1(_CHUNK_BYTES):  # what is there: a slow server can be left
            _check_room(part, len(chunk))
            f.write(chunk)
            if f.tell() > max_bytes:
                f.truncate(0)
                msg = f"{redact(url)} has more than {max_bytes} bytes; expected a model bundle"
                raise ModelError(msg)
            terms.progress(name, f.tell())
        if expected is not None and f.tell() < expected:
            msg = "the connection ended early"
            raise OSError(msg)


def _size_of(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0


def _mark_of(part: Path) -> Path:
    """Where it is kept which version of a file `part` is of, as the server names it."""
    return part.with_name(part.name + ".version")


def _version(mark: Path) -> str:
    """What is kept there; empty if nothing is, or no header can say it."""
    try:
        version = read_plain(mark, _MAX_VERSION_BYTES).decode("latin-1")
    except OSError:
        return ""
    return version if version.isprintable() else ""


def _remember(response: http.client.HTTPResponse, mark: Path) -> None:
    tag = response.headers.get("ETag", "")
    version = response.headers.get("Last-Modified", "") if not tag or tag.startswith("W/") else tag
    if version:
        mark.write_text(version, "latin-1")
    else:
        mark.unlink(missing_ok=True)


def _check_room(part: Path, size_bytes: int) -> None:
    try:
        check_room(part.parent, size_bytes)
    except ModelError:
        part.unlink()  # it is what takes the room
        raise


def _fresh(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder
