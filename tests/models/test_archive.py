"""Archives: what is unpacked, and what is refused."""

import io
import random
import shutil
import tarfile
import zipfile
from pathlib import Path

import pytest

from edgedet.errors import ModelError
from edgedet.manifest import read_bundle, verify_bundle
from edgedet.models import archive as module
from edgedet.models.archive import is_archive, unpack
from tests.models.bundles import make_bundle, pack


@pytest.mark.parametrize("name", ["a.zip", "a.tar", "a.tar.gz", "a.TGZ"])
@pytest.mark.parametrize("prefix", ["", "person/"])
def test_a_bundle_comes_out_whole(tmp_path: Path, name: str, prefix: str) -> None:
    bundle = make_bundle(tmp_path / "made")
    assert is_archive(name)
    path = pack(bundle, tmp_path / name.lower(), prefix)
    found = read_bundle(unpack(path, tmp_path / "out"))
    verify_bundle(found)
    assert found.digest == bundle.digest


def _tar(path: Path, *members: tarfile.TarInfo) -> Path:
    with tarfile.open(path, "w") as tar:
        for member in members:
            tar.addfile(member, io.BytesIO(b"x" * member.size))
    return path


def _member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size = kind, link, 1 if kind == tarfile.REGTYPE else 0
    return info


@pytest.mark.parametrize(
    "member",
    [
        _member("../outside"),
        _member("/etc/outside"),
        _member("a/../../outside"),
        _member("..\\outside"),
        _member("C:/outside"),
        _member("link", tarfile.SYMTYPE, "/etc/passwd"),
        _member("hard", tarfile.LNKTYPE, "manifest.json"),
        _member("pipe", tarfile.FIFOTYPE),
        _member("device", tarfile.CHRTYPE),
    ],
    ids=lambda member: member.name,
)
def test_what_leads_outside_is_refused(tmp_path: Path, member: tarfile.TarInfo) -> None:
    path = _tar(tmp_path / "a.tar", member)
    with pytest.raises(ModelError, match=r"leads outside|link or a device"):
        unpack(path, tmp_path / "out")
    assert not (tmp_path / "outside").exists()


def test_links_in_zips_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    info = zipfile.ZipInfo("link")
    info.external_attr = 0o120777 << 16
    with zipfile.ZipFile(path, "w") as target:
        target.writestr(info, "/etc/passwd")
    with pytest.raises(ModelError, match="link or a device"):
        unpack(path, tmp_path / "out")


def test_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = pack(make_bundle(tmp_path / "made"), tmp_path / "a.zip")
    monkeypatch.setattr(module, "MAX_BYTES", 100)
    with pytest.raises(ModelError, match="holds more than"):
        unpack(path, tmp_path / "out")


@pytest.mark.parametrize(("name", "content"), [("a.zip", b"PK not"), ("a.tar.gz", b"\x1f\x8b no")])
def test_damage_is_told(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ModelError, match="not an archive that can be read"):
        unpack(path, tmp_path / "out")


def test_thousands_of_files_or_folders_are_refused_and_nothing_is_left(
    tmp_path: Path,
) -> None:
    files = _tar(tmp_path / "files.tar", *(_member(f"f{n}") for n in range(3000)))
    folders = tmp_path / "folders.zip"
    with zipfile.ZipFile(folders, "w") as target:
        for number in range(module.MAX_FILES + 1):
            target.writestr(f"d{number}/", "")
    for path in (files, folders):
        with pytest.raises(ModelError, match="holds more than 1000 files"):
            unpack(path, tmp_path / "out")
        assert not (tmp_path / "out").exists()


def test_a_bomb_fills_no_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target, target.open("a", "w") as file:
        for _ in range(64):
            file.write(bytes(1 << 20))
    assert path.stat().st_size < 1 << 20
    free = shutil.disk_usage(tmp_path).free
    monkeypatch.setattr(module, "KEPT_FREE_BYTES", free - (32 << 20))

    with pytest.raises(ModelError, match=r"there is no room in .* MiB are free"):
        unpack(path, tmp_path / "out")

    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["a.zip", "a.tar", "a.tar.gz"])
def test_whatever_is_damaged_is_told_as_ours(tmp_path: Path, name: str) -> None:
    """Bytes at random places are others: it comes out, or it is refused."""
    path, chance = pack(make_bundle(tmp_path / "made"), tmp_path / name), random.Random(7)  # noqa: S311
    whole = path.read_bytes()
    refused = 0
    for _ in range(150):
        content = bytearray(whole)
        for _ in range(chance.randint(1, 8)):
            content[chance.randrange(len(content))] = chance.randrange(256)
        path.write_bytes(content)
        try:
            unpack(path, tmp_path / "out")
        except ModelError:
            refused += 1
        shutil.rmtree(tmp_path / "out", ignore_errors=True)
    assert refused


def test_an_archive_without_a_bundle(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="holds no manifest"):
        unpack(_tar(tmp_path / "a.tar", _member("readme")), tmp_path / "out")
